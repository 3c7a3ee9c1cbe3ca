import type { AskedPath } from './asked-path.ts'
import { LIMITS } from './limits.ts'

/** Paths that are remembered; with more they are begun anew before the next event. */
const PATHS_MAX = 20_000

/**
 * The paths of events, each made once: senders give the same properties over and over, and a path that is put together
 * is hashed as a whole before anything is found by it. What was found by it last is kept with it.
 */
export class EventPath {
  readonly path: string
  /** The field of the event that it lies in; '' for a field itself. */
  readonly field: string
  /** Number of the event in which it was found last, and its place among the paths of that. */
  event = 0
  place = 0
  /** The index that was asked for it last, and what that asks of it. */
  index: object | undefined
  asked: AskedPath | undefined
  readonly #below = new Map<string, EventPath>()

  private constructor(path: string) {
    this.path = path
    this.field = path.slice(0, Math.max(0, path.indexOf('.')))
  }

  static #byPath = new Map<string, EventPath>()
  static #root = new EventPath('')

  /** The path an event begins at. */
  static begin(): EventPath {
    if (EventPath.#byPath.size > PATHS_MAX) {
      EventPath.#byPath = new Map()
      EventPath.#root = new EventPath('')
    }
    return EventPath.#root
  }

  /** Undefined where no event had it. */
  static named(path: string): EventPath | undefined {
    return EventPath.#byPath.get(path)
  }

  /** The path of a member; undefined where it is longer than rules may ask for. */
  below(name: string): EventPath | undefined {
    const known = this.#below.get(name)
    if (known) return known
    const path = this.path === '' ? name : `${this.path}.${name}`
    if (path.length > LIMITS.pathCharsMax) return undefined
    let made = EventPath.#byPath.get(path)
    if (!made) EventPath.#byPath.set(path, (made = new EventPath(path)))
    this.#below.set(name, made)
    return made
  }
}
