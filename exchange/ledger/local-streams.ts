import { statSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { StreamFollower } from './stream-follower.ts'
import { openedMs, STREAM_SUFFIX } from './stream-name.ts'

/** The streams of one directory, found as they come and go. */
export class LocalStreams {
  readonly #dir: string
  readonly #followers = new Map<string, StreamFollower>()
  #listedMtimeMs = Number.NaN

  constructor(dir: string) {
    this.#dir = dir
  }

  get all(): StreamFollower[] {
    return [...this.#followers.values()]
  }

  has(stream: string): boolean {
    return this.#followers.has(stream)
  }

  /**
   * Looks what is there. Cheap where the directory says that nothing was added or removed, which it may
   * say wrongly right after a change: unless `isWhole`, that is believed.
   */
  async refresh(isWhole: boolean): Promise<void> {
    // Asked ten times a second, of a local disk: a thread to ask it by costs many times the answer.
    const dir = statSync(this.#dir, { throwIfNoEntry: false })
    if (dir === undefined) await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const mtimeMs = dir?.mtimeMs ?? Number.NaN
    if (!isWhole && mtimeMs === this.#listedMtimeMs) return
    this.#listedMtimeMs = mtimeMs
    const names = (await readdir(this.#dir)).filter((name) => name.endsWith(STREAM_SUFFIX))
    const here = new Set(names.map((name) => name.slice(0, -STREAM_SUFFIX.length)))
    for (const stream of here)
      if (!this.#followers.has(stream) && openedMs(stream) !== undefined)
        this.#followers.set(stream, new StreamFollower(this.#dir, stream))
    for (const stream of this.#followers.keys())
      if (!here.has(stream)) this.#followers.delete(stream)
  }
}
