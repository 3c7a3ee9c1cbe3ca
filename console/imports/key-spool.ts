import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { UserKey } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'

const KEY_BYTES = 16
const RECORD_BYTES = 20

/**
 * Many keys with a day each, set down in parts by key so that any number of them is gone through with
 * one part in memory. Small parts stay in memory, large ones go to files below `dir`: keys only,
 * which lead to nobody without the installation's secret.
 */
export class KeySpool {
  readonly #dir: string
  readonly #buffers: (Buffer | undefined)[] = []
  readonly #used: number[] = []
  #isMade = false

  constructor(dir: string) {
    this.#dir = dir
  }

  /** A promise only where a part had to be written. */
  add(key: UserKey, day: number): Promise<void> | undefined {
    const part = key[0]! % LIMITS.spoolPartitions
    const buffer = (this.#buffers[part] ??= Buffer.allocUnsafe(LIMITS.spoolBufferBytes))
    const at = this.#used[part] ?? 0
    key.copy(buffer, at, 0, KEY_BYTES)
    buffer.writeUInt32LE(day, at + KEY_BYTES)
    this.#used[part] = at + RECORD_BYTES
    return at + 2 * RECORD_BYTES > buffer.length ? this.#spill(part) : undefined
  }

  /** Each part's keys with the day that was given last, by key as latin1 text. */
  async part(part: number): Promise<Map<string, number>> {
    const days = new Map<string, number>()
    const kept = this.#buffers[part]?.subarray(0, this.#used[part])
    for (const bytes of [await this.#spilled(part), kept])
      for (let at = 0; bytes && at < bytes.length; at += RECORD_BYTES)
        days.set(bytes.toString('latin1', at, at + KEY_BYTES), bytes.readUInt32LE(at + KEY_BYTES))
    return days
  }

  async #spill(part: number): Promise<void> {
    const bytes = this.#buffers[part]!.subarray(0, this.#used[part])
    this.#buffers[part] = undefined
    this.#used[part] = 0
    if (!this.#isMade) await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    this.#isMade = true
    await appendFile(this.#fileOf(part), bytes, { mode: 0o600 })
  }

  async #spilled(part: number): Promise<Buffer | undefined> {
    try {
      return await readFile(this.#fileOf(part))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  #fileOf(part: number): string {
    return join(this.#dir, String(part))
  }
}
