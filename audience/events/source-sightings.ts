import type { EventPath } from '../rules/event-path.ts'
import type { EventValues } from '../rules/event-values.ts'
import { LIMITS } from '../store/limits.ts'
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
  /** By shelf of the source (source.ts). */
  #sources = new Map<string, SeenOfSource>()
  #size = 0
  #uncounted = 0

  saw(
    shelf: string,
    { message, values, atMs }: { message: Named; values: EventValues; atMs: number },
  ): void {
    const event = plannedName(message)
    if (event === undefined) return
    const seen = this.#of(shelf)
    const known = seen.knownOf(event)
    if (known?.itself) again(known.itself, atMs)
    else {
      const itself = this.#add(seen.byName, [safeName(event), '', ''].join(BETWEEN), atMs)
      if (known) known.itself = itself
    }
    const field = fieldsField(message['type'])
    const { paths, lists } = values
    for (let i = 0; i < paths.length; i++) {
      const path = paths[i]!
      if (path.field !== field) continue
      const all = lists[i]!
      const first = typeof all[0] as Kind
      // Most messages hold what others held before.
      const held = known?.paths.get(path)?.[first]
      if (held) again(held, atMs)
      else this.#count(seen, { event, known, path, what: first, atMs })
      const other = all.length > 1 ? all.find((one) => typeof one !== first) : undefined
      if (other !== undefined)
        this.#count(seen, { event, known, path, what: typeof other as Kind, atMs })
    }
  }

  judged(
    shelf: string,
    { message, judgement, atMs }: { message: Named; judgement: Judgement; atMs: number },
  ): void {
    const seen = this.#of(shelf).byName
    const head = safeName(plannedName(message) ?? '') + BETWEEN
    this.#add(seen, `${head}${BETWEEN}>${judgement.mode}`, atMs)
    for (const { field, reason } of judgement.problems)
      this.#add(seen, `${head}${field}${BETWEEN}!${reason}`, atMs)
  }

  /** Everything since the last time. */
  take(): Map<string, Sighting[]> {
    const taken = new Map(
      [...this.#sources].map(([shelf, { byName }]) => [shelf, [...byName.values()]]),
    )
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

  #of(shelf: string): SeenOfSource {
    let seen = this.#sources.get(shelf)
    if (!seen) this.#sources.set(shelf, (seen = new SeenOfSource()))
    return seen
  }

  #count(seen: SeenOfSource, { event, known, path, what, atMs }: Counted): void {
    const same = known?.paths.get(path)
    const held = same?.[what]
    if (held) {
      again(held, atMs)
      return
    }
    const property = safePath(path.path.slice(path.field.length + 1))
    const added = this.#add(seen.byName, [safeName(event), property, what].join(BETWEEN), atMs)
    if (added === undefined || known === undefined || seen.known >= PLAN_LIMITS.namesMax) return
    seen.known++
    if (same) same[what] = added
    else known.paths.set(path, { [what]: added })
  }

  #add(byName: Map<string, Sighting>, name: string, atMs: number): Sighting | undefined {
    const held = byName.get(name)
    if (held) return again(held, atMs)
    if (this.#size >= PLAN_LIMITS.namesMax || !isShort(name)) {
      this.#uncounted++
      return undefined
    }
    this.#size++
    const added = { name, count: 1, firstMs: atMs, lastMs: atMs }
    byName.set(name, added)
    return added
  }
}

function again(held: Sighting, atMs: number): Sighting {
  held.count++
  held.lastMs = atMs
  return held
}

/** What stands at a path. */
type Kind = 'string' | 'number' | 'boolean'

interface Counted {
  event: string
  known: KnownEvent | undefined
  path: EventPath
  what: Kind
  atMs: number
}

/** Sightings of one event: of itself, and by path of the message and what was there. */
class KnownEvent {
  itself: Sighting | undefined
  readonly paths = new Map<EventPath, Partial<Record<Kind, Sighting>>>()
}

class SeenOfSource {
  readonly byName = new Map<string, Sighting>()
  /** How many paths are known; beyond PLAN_LIMITS.namesMax names are made again each time. */
  known = 0
  readonly #events = new Map<string, KnownEvent>()

  knownOf(event: string): KnownEvent | undefined {
    let known = this.#events.get(event)
    const { namesMax, nameCharsMax } = PLAN_LIMITS
    if (known === undefined && this.#events.size < namesMax && event.length <= nameCharsMax)
      this.#events.set(event, (known = new KnownEvent()))
    return known
  }
}

type Named = Readonly<Record<string, unknown>>

/** The parts of a sighting's name; undefined for what is none. */
export function readSighting({ name }: Sighting): SightingOf | undefined {
  const [event, property, what] = name.split(BETWEEN)
  if (event === undefined || property === undefined || what === undefined) return undefined
  return { event, property, what }
}

/** A character has at most three bytes for each of its places. */
function isShort(name: string): boolean {
  const max = LIMITS.sightingNameBytesMax
  return name.length * 3 <= max || Buffer.byteLength(name) <= max
}

const PATH_CHARS_MAX = 200

/** Each part of a path by itself, so that one made-up name hides no other. */
function safePath(path: string): string {
  if (path.length > PATH_CHARS_MAX) return OTHER_NAME
  return path.includes('.') ? path.split('.').map(safeName).join('.') : safeName(path)
}
