import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import type { Presence, PresenceStore, ProcessName } from '../store.ts'

/** What one process said last, and for how long (ms) it counts: from when its file was changed last. */
interface Said extends Presence {
  ttlMs: number
}

/**
 * Processes at work, a small file each. Files, because what is said every second and forgotten in six
 * deserves neither the database's write lock, which an import may hold, nor a sync to disk.
 */
export class PresenceFiles implements PresenceStore {
  readonly #dir: string
  readonly #clock: Clock
  /** What each of its processes said last. */
  readonly #said = new Map<string, string>()

  constructor(dir: string, clock: Clock) {
    this.#dir = dir
    this.#clock = clock
  }

  async announce(presence: Presence, ttlMs: number): Promise<void> {
    const said = JSON.stringify({ ...presence, ttlMs } satisfies Said)
    const file = this.#fileOf(presence)
    if (this.#said.get(file) === said && (await this.#touch(file))) return
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    // Moved into place, so that nobody reads half of it.
    await writeFile(`${file}.new`, said, { mode: 0o600 })
    await this.#touch(`${file}.new`)
    await rename(`${file}.new`, file)
    this.#said.set(file, said)
  }

  /** Says the same again; false where the file is gone. */
  async #touch(file: string): Promise<boolean> {
    const atS = this.#clock.now() / 1000
    return utimes(file, atS, atS).then(
      () => true,
      () => false,
    )
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
    const changed = await stat(file).catch(() => undefined)
    if (text === undefined || changed === undefined) return []
    const { ttlMs, ...presence } = JSON.parse(text) as Said
    if (Math.abs(this.#clock.now() - changed.mtimeMs) < ttlMs) return [presence]
    await rm(file, { force: true })
    return []
  }

  #fileOf({ instance, process }: ProcessName): string {
    return join(this.#dir, `${encodeURIComponent(`${instance} ${process}`)}.json`)
  }
}
