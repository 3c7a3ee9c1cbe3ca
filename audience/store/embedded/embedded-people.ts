import { mergeEdge, removeEdges, unpackEdges } from '../../../proto/edge-blob.ts'
import {
  isOlderThan,
  mergeEgress,
  mergePastMatches,
  unpackEgress,
  unpackPastMatches,
  withoutSegments,
} from '../../../proto/egress-blob.ts'
import { mergeProfile, unpackProfile } from '../../../proto/profile-blob.ts'
import { isSuppressed, markSuppressed } from '../../../proto/suppression-mark.ts'
import { type Clock, dayOf } from '../../clock.ts'
import { LIMITS as ROOM_LIMITS } from '../../limits.ts'
import { LIMITS } from '../limits.ts'
import { pastMatchesIn } from '../past-matches-in.ts'
import type {
  Assignment,
  Change,
  Changes,
  Edge,
  EgressEntry,
  EgressNote,
  KeptPart,
  LogCursor,
  PastMatch,
  PeoplePart,
  PeopleStore,
  PersonRecord,
  Refused,
  SuppressionOrder,
  Unlinking,
  UserKey,
} from '../store.ts'
import type { ChangeLog } from './change-log.ts'
import { putHistory } from './embedded-histories.ts'
import type { BytesDb, EmbeddedDb } from './lmdb.ts'
import { stepsOf } from './steps-of.ts'

const KEY_BYTES = 16
const EMPTY = Buffer.alloc(0)

/** People in LMDB: packed memberships and packed matches by key, each write with its log entry. */
export class EmbeddedPeople implements PeopleStore {
  readonly #db: EmbeddedDb
  readonly #log: ChangeLog
  readonly #clock: Clock

  constructor(db: EmbeddedDb, log: ChangeLog, clock: Clock) {
    this.#db = db
    this.#log = log
    this.#clock = clock
  }

  recall(keys: readonly UserKey[]): (PersonRecord | undefined)[] {
    const { recallKeysMax } = ROOM_LIMITS
    if (keys.length > recallKeysMax) throw new RangeError(`recall of over ${recallKeysMax} keys`)
    return keys.map((key) => this.#recordOf(key))
  }

  recallForWrite(keys: readonly UserKey[]): (PersonRecord | undefined)[] {
    return this.recall(keys)
  }

  assign(batch: readonly Assignment[]): Promise<Refused> {
    return this.#writeInParts(batch, (assignment, today) => this.assignOne(assignment, today))
  }

  link(edges: readonly Edge[]): Promise<Refused> {
    return this.#writeInParts(edges, (edge, today) => this.#linkOne(edge, today))
  }

  async unlink(pairs: readonly Unlinking[]): Promise<void> {
    await this.#writeInParts(pairs, ({ a, b, onlyOf: owner }, today) =>
      this.#unlinkOne(a.key, b.key, { today, owner }),
    )
  }

  async forget(keys: readonly UserKey[]): Promise<void> {
    await this.#writeInParts(keys, (key, today) => this.#forgetOne(key, today))
  }

  async suppress(batch: readonly SuppressionOrder[]): Promise<void> {
    await this.#writeInParts(batch, (order, today) => this.#suppressOne(order, today))
  }

  async noteEgress(notes: readonly EgressNote[]): Promise<void> {
    await this.#writeInParts(notes, (note, today) => this.#noteOne(note, today))
  }

  async egressOf(keys: readonly UserKey[]): Promise<EgressEntry[][]> {
    return keys.map((key) => unpackEgress(this.#db.egress.getBinary(key) ?? EMPTY))
  }

  async pastMatchesOf(keys: readonly UserKey[]): Promise<PastMatch[][]> {
    return keys.map((key) => unpackPastMatches(this.#db.egress.getBinary(key) ?? EMPTY))
  }

  async sweepEgress(oldestDay: number): Promise<void> {
    const bounds = { oldestDay, entriesMax: LIMITS.egressEntriesMax }
    for await (const step of stepsOf(this.#db.egress)) {
      await this.#writeInParts(
        step.filter(({ value }) => isOlderThan(value, oldestDay)),
        ({ key }) => {
          const held = this.#db.egress.getBinary(key)
          put(this.#db.egress, key, held, mergeEgress(held ?? EMPTY, [], bounds))
          return []
        },
      )
    }
  }

  async *walk(part: PeoplePart): AsyncIterable<KeptPart[]> {
    const { profiles, edges, egress } = this.#db
    for await (const step of stepsOf({ profile: profiles, edges, egress }[part]))
      yield step.map(({ key, value }) => ({ key, bytes: value }))
  }

  async *holders(segment: number): AsyncIterable<UserKey[]> {
    for await (const step of this.walk('profile')) {
      const found = step.filter(({ bytes }) => holds(bytes, segment)).map(({ key }) => key)
      if (found.length > 0) yield found
    }
  }

  async changesEnd(): Promise<LogCursor> {
    return this.#log.end()
  }

  changesSince(cursor: LogCursor, max: number): Changes {
    return this.#log.since(cursor, max)
  }

  /** Whether the key's person is to be left alone. */
  isSuppressed(key: UserKey): boolean {
    return isMark(this.#db.profiles.getBinary(key))
  }

  #recordOf(key: UserKey): PersonRecord | undefined {
    const profile = this.#db.profiles.getBinary(key)
    const edges = this.#db.edges.getBinary(key)
    return profile || edges ? { profile: profile ?? EMPTY, edges: edges ?? EMPTY } : undefined
  }

  /** Each part is one transaction with one log entry, so that no write holds up the process for long. */
  async #writeInParts<T>(
    items: readonly T[],
    write: (item: T, today: number) => Change[] | 'refused',
  ): Promise<Refused> {
    const today = dayOf(this.#clock.now())
    const size = LIMITS.transactionChangesMax
    const refused: number[] = []
    for (let from = 0; from < items.length; from += size) {
      const part = items.slice(from, from + size)
      const places = await this.#db.transact(() => {
        const outcomes = part.map((item) => write(item, today))
        this.#log.append(outcomes.flatMap((changes) => (changes === 'refused' ? [] : changes)))
        return outcomes.flatMap((changes, i) => (changes === 'refused' ? [from + i] : []))
      })
      refused.push(...places)
    }
    return refused
  }

  /** Inside a transaction whose log entry the caller appends. */
  assignOne({ key, add, remove }: Assignment, today: number): Change[] | 'refused' {
    const before = this.#db.profiles.getBinary(key)
    if (isMark(before)) return add.length > 0 ? 'refused' : []
    const after = mergeProfile(before ?? EMPTY, add, remove, today)
    if (!put(this.#db.profiles, key, before, after)) return []
    return [{ what: 'assign', key, added: add.map((one) => one.segment), removed: remove }]
  }

  #linkOne(edge: Edge, today: number): Change[] | 'refused' {
    for (const { key } of [edge.a, edge.b])
      if (isMark(this.#db.profiles.getBinary(key))) return 'refused'
    return [
      ...this.#rewriteEdges('link', edge.a.key, (held) => addEdge(held, edge, edge.b, today)),
      ...this.#rewriteEdges('link', edge.b.key, (held) => addEdge(held, edge, edge.a, today)),
    ]
  }

  #unlinkOne(
    a: UserKey,
    b: UserKey,
    which: { today: number; owner?: number | undefined },
  ): Change[] {
    return [
      ...this.#rewriteEdges('unlink', a, (held) => removeEdges(held, b, which)),
      ...this.#rewriteEdges('unlink', b, (held) => removeEdges(held, a, which)),
    ]
  }

  #forgetOne(key: UserKey, today: number): Change[] {
    const { profile, edges } = this.#recordOf(key) ?? STRANGER
    if (isMark(profile)) return []
    this.#db.profiles.remove(key)
    putHistory(this.#db, key, EMPTY)
    this.#db.vault.remove(key)
    const ends = this.#unlinkAll(key, edges, today)
    const removed = unpackProfile(profile).map((membership) => membership.segment)
    const known = profile.length > 0 || edges.length > 0
    return known ? [{ what: 'forget', key, added: [], removed }, ...ends] : []
  }

  #suppressOne({ key, kind }: SuppressionOrder, today: number): Change[] {
    const { profile, edges } = this.#recordOf(key) ?? STRANGER
    this.#keepPastMatches(key, edges, today)
    const ends = this.#unlinkAll(key, edges, today)
    const removed = unpackProfile(profile).map((membership) => membership.segment)
    const mark = markSuppressed(profile, kind, today)
    putHistory(this.#db, key, EMPTY)
    this.#db.vault.remove(key)
    const isNew = put(this.#db.profiles, key, profile, mark)
    put(this.#db.edges, key, this.#db.edges.getBinary(key), mark)
    const egress = this.#db.egress.getBinary(key)
    if (egress) put(this.#db.egress, key, egress, withoutSegments(egress))
    return isNew ? [{ what: 'suppress', key, added: [], removed }, ...ends] : ends
  }

  /** At both ends. */
  #keepPastMatches(key: UserKey, edges: Uint8Array, today: number): void {
    const bounds = { oldestDay: today - LIMITS.egressDays, matchesMax: LIMITS.pastMatchesMax }
    const keep = (at: UserKey, matches: readonly PastMatch[]) => {
      const held = this.#db.egress.getBinary(at)
      put(this.#db.egress, at, held, mergePastMatches(held ?? EMPTY, matches, bounds))
    }
    const taken = pastMatchesIn(edges, today)
    if (taken.length > 0) keep(key, taken)
    for (const { key: other } of taken) {
      const at = Buffer.from(other)
      const back = this.#db.edges.getBinary(at) ?? EMPTY
      keep(
        at,
        pastMatchesIn(back, today, (one) => key.equals(one)),
      )
    }
  }

  #noteOne({ key, entries }: EgressNote, today: number): Change[] {
    const oldestDay = today - LIMITS.egressDays
    const held = this.#db.egress.getBinary(key)
    const bounds = { oldestDay, entriesMax: LIMITS.egressEntriesMax }
    const merged = mergeEgress(held ?? EMPTY, entries, bounds)
    const isGone = isMark(this.#db.profiles.getBinary(key))
    put(this.#db.egress, key, held, isGone ? withoutSegments(merged) : merged)
    return []
  }

  /** Removes a key's edges from both ends; the changes at the far ones. */
  #unlinkAll(key: UserKey, edges: Uint8Array, today: number): Change[] {
    const others = unpackEdges(edges).map((edge) => Buffer.from(edge.key))
    const unlinked = others.flatMap((other) => this.#unlinkOne(other, key, { today }))
    return unlinked.filter((change) => !change.key.equals(key))
  }

  #rewriteEdges(
    what: Change['what'],
    key: UserKey,
    rewrite: (held: Uint8Array) => Uint8Array,
  ): Change[] {
    const before = this.#db.edges.getBinary(key)
    const changed = put(this.#db.edges, key, before, rewrite(before ?? EMPTY))
    return changed ? [{ what, key, added: [], removed: [] }] : []
  }
}

const STRANGER: PersonRecord = { profile: EMPTY, edges: EMPTY }

function isMark(bytes: Uint8Array | undefined): boolean {
  return bytes !== undefined && isSuppressed(bytes, 0, bytes.length)
}

/** Puts the bytes, or removes the key where there are none. False where all was so already. */
function put(
  db: BytesDb,
  key: UserKey,
  before: Uint8Array | undefined,
  after: Uint8Array,
): boolean {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`)
  if (Buffer.compare(before ?? EMPTY, after) === 0) return false
  if (after.length > 0) db.put(key, Buffer.from(after.buffer, after.byteOffset, after.length))
  else db.remove(key)
  return true
}

function addEdge(held: Uint8Array, edge: Edge, other: Edge['a'], today: number): Uint8Array {
  const { a: _a, b: _b, ...fields } = edge
  return mergeEdge(held, { ...other, ...fields }, today)
}

function holds(profile: Uint8Array, segment: number): boolean {
  return unpackProfile(profile).some((membership) => membership.segment === segment)
}
