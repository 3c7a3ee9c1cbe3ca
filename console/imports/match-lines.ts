import { dayOf } from '../../audience/clock.ts'
import { LIMITS as AUDIENCE_LIMITS } from '../../audience/limits.ts'
import { EXCHANGE_OWNER, IdFaults, idFault, type Namespace } from '../../audience/namespace.ts'
import type { EdgeRequest, EndRequest } from '../../audience/people/link.ts'
import { expiryDayOf } from '../../audience/people/memberships.ts'
import { type Static, Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import type { WatchedId } from '../../exchange/sync/quarantine.ts'
import { UidRefusals } from '../../exchange/sync/reasons.ts'
import { uidRefusal } from '../../exchange/sync/uid-rules.ts'
import { LineFaults } from '../reasons.ts'
import type { Caller } from '../sign-in/caller.ts'
import type { ImportNames } from './import-names.ts'
import type { Line } from './line-splitter.ts'
import { unknownName } from './membership-lines.ts'
import { At, momentOfLine } from './moment-of-line.ts'
import { type LineValue, lineReader, valueReader } from './read-lines.ts'

const TTL_DAYS = 30

const end = {
  source: Type.String({ minLength: 1, maxLength: 127, description: 'A namespace.' }),
  uid: Type.String({ minLength: 1, maxLength: AUDIENCE_LIMITS.idBytesMax }),
}

/** One line of `POST /api/matches`. */
export const MatchShape = closed({
  ...end,
  with: closed(end),
  mm: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 65_535, description: 'AdCOM ID match method.' }),
  ),
  at: Type.Optional(At),
  ttlDays: Type.Optional(
    Type.Integer({ minimum: 1, maximum: AUDIENCE_LIMITS.ttlDaysMax, default: TTL_DAYS }),
  ),
  remove: Type.Optional(Type.Boolean({ description: 'Takes the match back instead.' })),
})
type Shape = Static<typeof MatchShape>

const readShape = lineReader<Shape>(MatchShape)
const checkShape = valueReader<Shape>(MatchShape)

/** What a line asks for: nothing, where its match has ended already. */
export type MatchChange =
  | { what: 'link' | 'unlink' | 'nothing'; edge: EdgeRequest; watched: readonly WatchedId[] }
  | { what: 'optOut'; id: EndRequest }

export interface MatchReading {
  names: ImportNames
  caller: Caller
  nowMs: number
}

export function readMatch(line: Line, reading: MatchReading): LineValue<MatchChange> {
  return resolveMatch(readShape(line), reading)
}

/** The same, of what does not come as a line of JSON. */
export function readMatchValue(value: unknown, reading: MatchReading): LineValue<MatchChange> {
  return resolveMatch(checkShape(value), reading)
}

function resolveMatch(read: LineValue<Shape>, reading: MatchReading): LineValue<MatchChange> {
  if ('reason' in read) return read
  const { names, nowMs, caller } = reading
  const { source, uid, with: other, mm = 0, at, ttlDays = TTL_DAYS, remove = false } = read.value
  const a = names.namespace(source)
  if (!a) return { reason: unknownName('namespace', source) }
  const b = names.namespace(other.source)
  if (!b) return { reason: unknownName('namespace', other.source) }
  const reason = refusalOf([a, b], { names, remove })
  if (reason) return { reason }
  const [one, two] = [names.value(source, uid), names.value(other.source, other.uid)]
  if ('fault' in one) return { reason: `uid ${one.fault}` }
  if ('fault' in two) return { reason: `with.uid ${two.fault}` }
  // What was matched before it was found to be no id can still be taken back.
  const fault = remove
    ? undefined
    : (valueFault('uid', names, a, one.value) ?? valueFault('with.uid', names, b, two.value))
  if (fault) return { reason: fault }
  const atMs = momentOfLine(at, nowMs)
  if (typeof atMs === 'string') return { reason: atMs }
  const expiryDay = expiryDayOf(atMs, ttlDays)
  const isOver = expiryDay <= dayOf(nowMs)
  const edge = {
    a: { namespace: a.number, value: one.value },
    b: { namespace: b.number, value: two.value },
    owner: caller.partnerNumber,
    method: mm,
    firstSeenDay: dayOf(atMs),
    lastSeenDay: dayOf(atMs),
    expiryDay,
  }
  const what = remove ? 'unlink' : isOver ? 'nothing' : 'link'
  const ends = [
    { ...edge.a, of: a },
    { ...edge.b, of: b },
  ]
  return { value: { what, edge, watched: watchedOf(ends, reading) } }
}

/** Both ends, unless a partner shares its ids on purpose. What belongs to nobody is hot in the caller's matches alone. */
function watchedOf(
  ends: readonly (EndRequest & { of: Namespace })[],
  { names, caller }: MatchReading,
): WatchedId[] {
  if (ends.some((end) => names.isShared(end.of))) return []
  return ends.map(({ namespace, value, of }) => ({
    ...{ namespace, value },
    ...(names.isOwn(of) ? {} : { of: caller.partnerNumber }),
  }))
}

/** The same rules as for an id that a browser brings (`/setuid`), and those of the namespace. */
export function valueFault(
  field: string,
  names: ImportNames,
  namespace: Namespace,
  uid: string,
): string | undefined {
  const refusal = uidRefusal(uid, names.macros(namespace))
  if (refusal !== undefined && refusal !== 'uid_unfit') return `${field}: ${UidRefusals[refusal]}`
  const fault = idFault(namespace.number, uid)
  return fault && `${field}: ${IdFaults[fault]}`
}

/**
 * A partner binds ids of its own, to each other or to ids that belong to nobody: devices, and eid
 * sources of the exchange. It takes back matches only where all is its own.
 */
function refusalOf(
  ends: readonly Namespace[],
  { names, remove }: { names: ImportNames; remove: boolean },
): string | undefined {
  const own = ends.filter((namespace) => names.isOwn(namespace))
  if (own.length === ends.length) return undefined
  if (remove) return LineFaults.not_yours_to_remove
  const foreign = ends.filter((namespace) => !names.isOwn(namespace))
  const isCommon = foreign.every(
    ({ kind, owner }) => owner === EXCHANGE_OWNER && COMMON_KINDS.has(kind),
  )
  return own.length > 0 && isCommon ? undefined : LineFaults.not_yours_to_match
}

/** Of the exchange, and everybody's to match with. */
const COMMON_KINDS: ReadonlySet<Namespace['kind']> = new Set(['eid', 'device', 'hash'])
