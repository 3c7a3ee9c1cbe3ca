import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import type { Presence, PresenceStore, ProcessName } from '../store.ts'

/** What one process said last, and until when (ms of wall time from `saidMs`) it counts. */
interface Said extends Presence {
  saidMs: number
  ttlMs: number
}

/**
 * Processes at work, a small file each. Files, because what is said every second and forgotten in six
 * deserves neither the database's write lock, which an import may hold, nor a sync to disk.
 */
export class PresenceFiles implements PresenceStore {
  readonly #dir: string
  readonly #clock: Clock

  constructor(dir: string, clock: Clock) {
    this.#dir = dir
    this.#clock = clock
  }

  async announce(presence: Presence, ttlMs: number): Promise<void> {
    const said: Said = { ...presence, saidMs: this.#clock.now(), ttlMs }
    const file = this.#fileOf(presence)
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    // Moved into place, so that nobody reads half of it.
    await writeFile(`${file}.new`, JSON.stringify(said), { mode: 0o600 })
    await rename(`${file}.new`, file)
  }

  async withdraw(who: ProcessName): Promise<void> {
    await rm(this.#fileOf(who), { force: true })
  }

  async present(): Promise<Presence[]> {
    const names = await readdir(this.#dir).catch(() => [])
    const files = names
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(this.#dir, name))
    return (await Promise.all(files.map((file) => this.#read(file)))).flat()
  }

  /** What is too old is removed; a wall clock set back keeps nobody alive either. */
  async #read(file: string): Promise<Presence[]> {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) return []
    const { saidMs, ttlMs, ...presence } = JSON.parse(text) as Said
    if (Math.abs(this.#clock.now() - saidMs) < ttlMs) return [presence]
    await rm(file, { force: true })
    return []
  }

  #fileOf({ instance, process }: ProcessName): string {
    return join(this.#dir, `${encodeURIComponent(`${instance} ${process}`)}.json`)
  }
}
