import type { EventValues } from '../rules/event-values.ts'
import type { Sighting } from '../store/plan-stores.ts'
import { fieldsField, type Judgement, plannedName } from './compiled-plan.ts'
import { PLAN_LIMITS } from './plan-limits.ts'
import { OTHER_NAME, safeName } from './safe-name.ts'

/** Parts of a sighting's name. */
const BETWEEN = '\u001f'

/** What a sighting is of. */
export interface SightingOf {
  /** As tracking plans name it. */
  event: string
  /** Path below `properties` or `traits`; '' is the event itself. */
  property: string
  /** `string`, `number`, `boolean`; of the event itself ''; a problem: `!` and its reason; an outcome: `>` and the mode. */
  what: string
}

/** What messages of sources hold, counted where they come in and brought to the store every few seconds. */
export class SourceSightings {
  /** By source. */
  #sources = new Map<string, Map<string, Sighting>>()
  #size = 0
  #uncounted = 0

  saw(
    source: string,
    { message, values, atMs }: { message: Named; values: EventValues; atMs: number },
  ): void {
    const event = plannedName(message)
    if (event === undefined) return
    const seen = this.#of(source)
    const head = safeName(event) + BETWEEN
    this.#add(seen, head + BETWEEN, atMs)
    const below = `${fieldsField(message['type'])}.`
    for (const [path, all] of values) {
      if (!path.startsWith(below)) continue
      const name = `${head}${safePath(path.slice(below.length))}${BETWEEN}`
      const first = typeof all[0]
      this.#add(seen, name + first, atMs)
      for (let i = 1; i < all.length; i++)
        if (typeof all[i] !== first) {
          this.#add(seen, name + typeof all[i], atMs)
          break
        }
    }
  }

  judged(
    source: string,
    { message, judgement, atMs }: { message: Named; judgement: Judgement; atMs: number },
  ): void {
    const seen = this.#of(source)
    const head = safeName(plannedName(message) ?? '') + BETWEEN
    this.#add(seen, `${head}${BETWEEN}>${judgement.mode}`, atMs)
    for (const { field, reason } of judgement.problems)
      this.#add(seen, `${head}${field}${BETWEEN}!${reason}`, atMs)
  }

  /** Everything since the last time. */
  take(): Map<string, Sighting[]> {
    const taken = new Map([...this.#sources].map(([source, seen]) => [source, [...seen.values()]]))
    this.#sources = new Map()
    this.#size = 0
    return taken
  }

  /** Names that were left out, here or by the store. */
  uncounted(): number {
    return this.#uncounted
  }

  leftOut(count: number): void {
    this.#uncounted += count
  }

  #of(source: string): Map<string, Sighting> {
    let seen = this.#sources.get(source)
    if (!seen) this.#sources.set(source, (seen = new Map()))
    return seen
  }

  #add(seen: Map<string, Sighting>, name: string, atMs: number): void {
    const held = seen.get(name)
    if (held) {
      held.count++
      held.lastMs = atMs
    } else if (this.#size < PLAN_LIMITS.namesMax) {
      this.#size++
      seen.set(name, { name, count: 1, firstMs: atMs, lastMs: atMs })
    } else this.#uncounted++
  }
}

type Named = Readonly<Record<string, unknown>>

/** The parts of a sighting's name; undefined for what is none. */
export function readSighting({ name }: Sighting): SightingOf | undefined {
  const [event, property, what] = name.split(BETWEEN)
  if (event === undefined || property === undefined || what === undefined) return undefined
  return { event, property, what }
}

const PATH_CHARS_MAX = 200

/** Each part of a path by itself, so that one made-up name hides no other. */
function safePath(path: string): string {
  if (path.length > PATH_CHARS_MAX) return OTHER_NAME
  return path.includes('.') ? path.split('.').map(safeName).join('.') : safeName(path)
}
