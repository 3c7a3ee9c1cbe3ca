import { LIMITS } from './limits.ts'

/** Paths that are remembered; with more they are begun anew. */
const PATHS_MAX = 20_000

/**
 * The paths of events, each made once: senders give the same properties over and over, and a path that is put together
 * is hashed as a whole before anything is found by it.
 */
export class EventPath {
  readonly path: string
  readonly #below = new Map<string, EventPath>()

  private constructor(path: string) {
    this.path = path
  }

  static readonly root = new EventPath('')
  static #count = 0

  /** The path of a member; undefined where it is longer than rules may ask for. */
  below(name: string): EventPath | undefined {
    const known = this.#below.get(name)
    if (known) return known
    const path = this.path === '' ? name : `${this.path}.${name}`
    if (path.length > LIMITS.pathCharsMax) return undefined
    const made = new EventPath(path)
    if (++EventPath.#count > PATHS_MAX) {
      EventPath.root.#below.clear()
      EventPath.#count = 0
    }
    this.#below.set(name, made)
    return made
  }
}
