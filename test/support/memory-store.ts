import type { Clock } from '../../audience/clock.ts'
import { dayOf } from '../../audience/clock.ts'
import type { Soon } from '../../audience/soon.ts'
import type { Claim, ClaimOutcome, ClaimStore } from '../../audience/store/claim-store.ts'
import type {
  Assignment,
  Change,
  Changes,
  Edge,
  EgressEntry,
  EgressNote,
  IdRef,
  KeptPart,
  LogCursor,
  PastMatch,
  PeoplePart,
  PeopleStore,
  PersonRecord,
  Refused,
  Store,
  SuppressionOrder,
  Unlinking,
  UserKey,
} from '../../audience/store/store.ts'
import { endOf, mergeEdge, type PackedEdge, packEdges, unpackEdges } from '../../proto/edge-blob.ts'
import {
  mergeEgress,
  mergePastMatches,
  unpackEgress,
  unpackPastMatches,
  withoutSegments,
} from '../../proto/egress-blob.ts'
import { packProfile } from '../../proto/profile-blob.ts'
import { markSuppressed } from '../../proto/suppression-mark.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryEvents, MemoryHistories } from './memory-events.ts'
import { MemoryHeld, MemorySightings } from './memory-plans.ts'
import { MemoryPresence } from './memory-presence.ts'
import { MemoryTallies } from './memory-tallies.ts'
import { MemoryVault } from './memory-vault.ts'

/** A clock that moves only when told. */
export class WoundClock implements Clock {
  nowMs: number
  elapsedMs = 1_000_000

  constructor(nowMs = 20_000 * 86_400_000) {
    this.nowMs = nowMs
  }

  now(): number {
    return this.nowMs
  }

  elapsed(): number {
    return this.elapsedMs
  }

  wind(ms: number): void {
    this.nowMs += ms
    this.elapsedMs += ms
  }
}

interface Held {
  memberships: Map<number, number>
  edges: Map<string, PackedEdge>
  mark?: Uint8Array
}

const NO_MARK = new Uint8Array(0)
const ALL = Number.POSITIVE_INFINITY
const NO_BOUNDS = { oldestDay: 0, entriesMax: ALL, matchesMax: ALL }

/**
 * People in memory, keeping the promises of PeopleStore. Reads answer at once, or, with `isAsync`, in
 * a later turn; `hold()` keeps them back until `release()`, with what they would have said when asked.
 */
export class MemoryPeople implements PeopleStore {
  isAsync = false
  /** Every read fails while set. */
  failure: Error | undefined
  /** Keys of every batch read, in hex. */
  readonly reads: string[][] = []
  /** Told of keys of which nothing is known any more. */
  onGone: (key: UserKey) => void = () => {}
  /** Entries the log keeps; older ones are forgotten. */
  logMax = Number.POSITIVE_INFINITY

  readonly #clock: Clock
  readonly #held = new Map<string, Held>()
  readonly #egress = new Map<string, Uint8Array>()
  readonly #log: Change[] = []
  #logStart = 0
  #waiting: (() => void)[] | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** From now on reads wait. */
  hold(): void {
    this.#waiting = []
  }

  /** Answers all that waited; later reads no longer wait. */
  release(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const answer of waiting) answer()
  }

  recallForWrite(keys: readonly UserKey[]): Soon<(PersonRecord | undefined)[]> {
    return this.recall(keys)
  }

  recall(keys: readonly UserKey[]): Soon<(PersonRecord | undefined)[]> {
    this.reads.push(keys.map((key) => key.toString('hex')))
    const { failure } = this
    const records = keys.map((key) => this.#recordOf(key))
    if (!this.isAsync && !this.#waiting) {
      if (failure) throw failure
      return records
    }
    return new Promise((resolve, reject) => {
      const answer = () => (failure ? reject(failure) : resolve(records))
      if (this.#waiting) this.#waiting.push(answer)
      else setImmediate(answer)
    })
  }

  async assign(batch: readonly Assignment[]): Promise<Refused> {
    const refused: number[] = []
    for (const [place, assignment] of batch.entries()) {
      if (!this.isSuppressed(assignment.key)) this.assignNow(assignment)
      else if (assignment.add.length > 0) refused.push(place)
    }
    return refused
  }

  assignNow({ key, add, remove }: Assignment): void {
    const { memberships } = this.#heldOf(key)
    for (const { segment, expiryDay } of add) memberships.set(segment, expiryDay)
    for (const segment of remove) memberships.delete(segment)
    this.#note({ what: 'assign', key, added: add.map(({ segment }) => segment), removed: remove })
  }

  async link(edges: readonly Edge[]): Promise<Refused> {
    const refused: number[] = []
    for (const [place, edge] of edges.entries()) {
      if (this.isSuppressed(edge.a.key) || this.isSuppressed(edge.b.key)) {
        refused.push(place)
        continue
      }
      this.#putHalf(edge, edge.a, edge.b)
      this.#putHalf(edge, edge.b, edge.a)
    }
    return refused
  }

  async unlink(pairs: readonly Unlinking[]): Promise<void> {
    for (const { a, b, onlyOf: owner } of pairs) {
      this.#dropHalf(a.key, b.key, owner)
      this.#dropHalf(b.key, a.key, owner)
    }
  }

  async forget(keys: readonly UserKey[]): Promise<void> {
    for (const key of keys) {
      if (this.isSuppressed(key)) continue
      const { memberships, edges } = this.#heldOf(key)
      for (const edge of [...edges.values()]) this.#dropHalf(Buffer.from(edge.key), key)
      this.#held.delete(nameOf(key))
      this.onGone(key)
      this.#note({ what: 'forget', key, added: [], removed: [...memberships.keys()] })
    }
  }

  async suppress(batch: readonly SuppressionOrder[]): Promise<void> {
    const today = dayOf(this.#clock.now())
    for (const { key, kind } of batch) {
      const { memberships, edges, mark = NO_MARK } = this.#heldOf(key)
      this.onGone(key)
      for (const edge of [...edges.values()]) {
        this.#keepPast(key, edge)
        for (const back of this.#heldOf(Buffer.from(edge.key)).edges.values())
          if (key.equals(back.key)) this.#keepPast(Buffer.from(edge.key), back)
        this.#dropHalf(Buffer.from(edge.key), key)
      }
      const next = markSuppressed(mark, kind, today)
      const egress = this.#egress.get(nameOf(key))
      if (egress) this.#egress.set(nameOf(key), withoutSegments(egress))
      this.#held.set(nameOf(key), { memberships: new Map(), edges: new Map(), mark: next })
      if (Buffer.compare(mark, next) !== 0)
        this.#note({ what: 'suppress', key, added: [], removed: [...memberships.keys()] })
    }
  }

  #keepPast(at: UserKey, { key, namespace, owner, expiryDay }: PackedEdge): void {
    const lastDay = dayOf(this.#clock.now())
    if (expiryDay <= lastDay) return
    const held = this.#egress.get(nameOf(at)) ?? NO_MARK
    const match = { key, namespace, owner, lastDay }
    this.#egress.set(nameOf(at), mergePastMatches(held, [match], NO_BOUNDS))
  }

  async pastMatchesOf(keys: readonly UserKey[]): Promise<PastMatch[][]> {
    return keys.map((key) => unpackPastMatches(this.#egress.get(nameOf(key)) ?? NO_MARK))
  }

  async noteEgress(notes: readonly EgressNote[]): Promise<void> {
    for (const { key, entries } of notes) {
      const merged = mergeEgress(this.#egress.get(nameOf(key)) ?? NO_MARK, entries, NO_BOUNDS)
      this.#egress.set(nameOf(key), this.isSuppressed(key) ? withoutSegments(merged) : merged)
    }
  }

  async egressOf(keys: readonly UserKey[]): Promise<EgressEntry[][]> {
    return keys.map((key) => unpackEgress(this.#egress.get(nameOf(key)) ?? NO_MARK))
  }

  async sweepEgress(oldestDay: number): Promise<void> {
    for (const [name, blob] of this.#egress)
      this.#egress.set(name, mergeEgress(blob, [], { ...NO_BOUNDS, oldestDay }))
  }

  /** One end of a match, as a write that was cut short leaves it. */
  keepHalf(edge: Edge): void {
    this.#putHalf(edge, edge.a, edge.b)
  }

  isSuppressed(key: UserKey): boolean {
    return this.#held.get(nameOf(key))?.mark !== undefined
  }

  async *walk(part: PeoplePart): AsyncIterable<KeptPart[]> {
    if (this.failure) throw this.failure
    const keyOf = (name: string) => Buffer.from(name, 'latin1')
    if (part === 'egress')
      yield [...this.#egress].map(([name, bytes]) => ({ key: keyOf(name), bytes }))
    else
      yield [...this.#held.keys()].map((name) => {
        const key = keyOf(name)
        return { key, bytes: this.#recordOf(key)![part] }
      })
  }

  async *holders(segment: number): AsyncIterable<UserKey[]> {
    const found = [...this.#held].filter(([, held]) => held.memberships.has(segment))
    if (found.length > 0) yield found.map(([name]) => Buffer.from(name, 'latin1'))
  }

  async changesEnd(): Promise<LogCursor> {
    if (this.failure) throw this.failure
    return String(this.#logStart + this.#log.length)
  }

  changesSince(cursor: LogCursor, max: number): Changes {
    if (this.failure) throw this.failure
    const from = Number(cursor) - this.#logStart
    if (from < 0) {
      const end = String(this.#logStart + this.#log.length)
      return { entries: [], cursor: end, fellOff: true, hasMore: false }
    }
    const entries = this.#log.slice(from, from + max)
    const hasMore = from + entries.length < this.#log.length
    return { entries, cursor: String(Number(cursor) + entries.length), fellOff: false, hasMore }
  }

  #recordOf(key: UserKey): PersonRecord | undefined {
    const held = this.#held.get(nameOf(key))
    if (!held) return undefined
    if (held.mark) return { profile: held.mark, edges: held.mark }
    const today = dayOf(this.#clock.now())
    const memberships = [...held.memberships].map(([segment, expiryDay]) => ({
      segment,
      expiryDay,
    }))
    const edges = [...held.edges.values()].filter((edge) => endOf(edge) > today)
    return { profile: packProfile(memberships), edges: packEdges(edges) }
  }

  #heldOf(key: UserKey): Held {
    const held = this.#held.get(nameOf(key)) ?? { memberships: new Map(), edges: new Map() }
    this.#held.set(nameOf(key), held)
    return held
  }

  #putHalf(edge: Edge, at: IdRef, other: IdRef): void {
    const { a: _a, b: _b, ...fields } = edge
    const { edges } = this.#heldOf(at.key)
    const name = `${nameOf(other.key)} ${edge.owner}`
    const same = edges.get(name)
    const half = { ...other, ...fields }
    const merge = () => unpackEdges(mergeEdge(packEdges([same!]), half, 0))[0]!
    edges.set(name, edge.claim && same ? merge() : half)
    this.#note({ what: 'link', key: at.key, added: [], removed: [] })
  }

  #dropHalf(at: UserKey, other: UserKey, owner?: number): void {
    const { edges } = this.#heldOf(at)
    for (const [name, edge] of edges)
      if (other.equals(edge.key) && (owner === undefined || edge.owner === owner))
        edges.delete(name)
    this.#note({ what: 'unlink', key: at, added: [], removed: [] })
  }

  #note(change: Change): void {
    this.#log.push(change)
    while (this.#log.length > this.logMax) {
      this.#log.shift()
      this.#logStart++
    }
  }
}

function nameOf(key: UserKey): string {
  return key.toString('latin1')
}

class MemoryClaims implements ClaimStore {
  readonly #clock: Clock
  readonly #held = new Map<string, { word: Buffer; untilMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async claim({ id, word, untilMs }: Claim): Promise<ClaimOutcome> {
    const [held] = this.find([id])
    if (held !== undefined) return { first: false, word: held }
    this.#held.set(nameOf(id), { word, untilMs })
    return { first: true, word }
  }

  find(ids: readonly Buffer[]): (Buffer | undefined)[] {
    return ids.map((id) => {
      const held = this.#held.get(nameOf(id))
      return held !== undefined && held.untilMs > this.#clock.now() ? held.word : undefined
    })
  }
}

/** A whole store in memory. `secret` undefined: out of reach. */
export class MemoryStore implements Store {
  readonly kind = 'embedded'
  readonly people: MemoryPeople
  readonly catalog = new MemoryCatalog()
  readonly tallies = new MemoryTallies()
  readonly presence: MemoryPresence
  readonly claims: MemoryClaims
  readonly histories: MemoryHistories
  readonly events = new MemoryEvents()
  readonly sightings: MemorySightings
  readonly held: MemoryHeld
  readonly vault: MemoryVault
  secret: Buffer | undefined = Buffer.alloc(32, 7)

  constructor(clock: Clock) {
    this.people = new MemoryPeople(clock)
    this.presence = new MemoryPresence(clock)
    this.claims = new MemoryClaims(clock)
    this.histories = new MemoryHistories(this.people, clock)
    this.sightings = new MemorySightings(clock)
    this.held = new MemoryHeld(clock)
    this.vault = new MemoryVault((key) => this.people.isSuppressed(key))
    const { onGone } = this.people
    this.people.onGone = (key) => {
      onGone(key)
      this.vault.drop(key)
    }
  }

  async rootSecret(): Promise<Buffer> {
    if (this.secret === undefined) throw new Error('out of reach')
    return this.secret
  }

  findings() {
    return []
  }

  async close(): Promise<void> {}
}
