import { dayOf } from '../../audience/clock.ts'
import { looksPersonal, PERSONAL_SAYS } from '../../audience/identity/personal-value.ts'
import { LIMITS as AUDIENCE_LIMITS } from '../../audience/limits.ts'
import type { Namespace } from '../../audience/namespace.ts'
import { expiryDayOf, type MembershipLine } from '../../audience/people/memberships.ts'
import { type Static, Type } from '../../audience/schema.ts'
import type { Segment } from '../../audience/segment.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LineFaults } from '../reasons.ts'
import type { ImportNames } from './import-names.ts'
import type { Line } from './line-splitter.ts'
import { At, momentOfLine } from './moment-of-line.ts'
import { type LineValue, lineReader } from './read-lines.ts'

const Segments = Type.Array(OperatorId, { maxItems: AUDIENCE_LIMITS.membershipsPerIdMax })

/** One line of `POST /api/memberships`. */
export const MembershipShape = closed({
  source: Type.String({ minLength: 1, maxLength: 127, description: 'A namespace.' }),
  uid: Type.String({ minLength: 1, maxLength: AUDIENCE_LIMITS.idBytesMax }),
  add: Type.Optional(Segments),
  remove: Type.Optional(Segments),
  /** Default: what each segment says. */
  ttlDays: Type.Optional(Type.Integer({ minimum: 1, maximum: AUDIENCE_LIMITS.ttlDaysMax })),
  at: Type.Optional(At),
})
type Shape = Static<typeof MembershipShape>

const readShape = lineReader<Shape>(MembershipShape)

export interface MembershipReading {
  names: ImportNames
  nowMs: number
  /** With mode=replace: the segment that every line is about. */
  replacing?: string | undefined
  /** The evidence of consent the import rests on. */
  basis?: string | undefined
  /** Filled with the sensitive segments that people are put into. */
  sensitive: Set<string>
}

/**
 * Reads a line: its names as numbers, in the catalog as it is now. A membership that has ended already
 * adds nothing, and takes nothing away from what is known.
 */
export function readMembership(line: Line, reading: MembershipReading): LineValue<MembershipLine> {
  const { names, nowMs, replacing } = reading
  const read = readShape(line)
  if ('reason' in read) return read
  const shape = replacing === undefined ? read.value : onlyAdding(read.value, replacing)
  if (typeof shape === 'string') return { reason: shape }
  const namespace = names.namespace(shape.source)
  if (!namespace || !names.isOwn(namespace))
    return { reason: unknownName('namespace', shape.source) }
  const atMs = momentOfLine(shape.at, nowMs)
  if (typeof atMs === 'string') return { reason: atMs }
  const id = names.value(shape.source, shape.uid)
  if ('fault' in id) return { reason: `uid ${id.fault}` }
  // What was put in before it was found to be no id can still be taken out.
  if (shape.add?.length && looksPersonal(id.value)) return { reason: `uid ${PERSONAL_SAYS}` }
  return resolved({ ...shape, uid: id.value }, { ...reading, namespace, atMs })
}

/** In a replacement a line names a member and no more; it may repeat the segment. */
function onlyAdding(shape: Shape, segment: string): Shape | string {
  const { add = [segment], remove = [] } = shape
  const isMember = remove.length === 0 && add.length === 1 && add[0] === segment
  return isMember ? { ...shape, add } : LineFaults.not_replacing
}

function resolved(
  { uid, add = [], remove = [], ttlDays }: Shape,
  moment: MembershipReading & { namespace: Namespace; atMs: number },
): LineValue<MembershipLine> {
  const { names, namespace, nowMs, atMs, basis, sensitive } = moment
  if (add.length + remove.length === 0) return { reason: LineFaults.nothing_to_do }
  const today = dayOf(nowMs)
  const value = {
    namespace: namespace.number,
    value: uid,
    atMs,
    add: [] as Added[],
    remove: [] as number[],
  }
  for (const id of add) {
    const segment = names.segment(id)
    if (!segment) return { reason: unknownName('segment', id) }
    if (lacksEvidence(segment, basis)) return { reason: LineFaults.needs_basis }
    if (segment.sensitive) sensitive.add(id)
    const added = { segment: segment.number, ttlDays: ttlDays ?? segment.ttlDays }
    if (expiryDayOf(atMs, added.ttlDays) > today) value.add.push(added)
  }
  for (const id of remove) {
    const segment = names.segment(id)
    if (!segment) return { reason: unknownName('segment', id) }
    value.remove.push(segment.number)
  }
  return { value }
}

/** A sensitive segment takes people in on explicit consent only: the import or the segment names the evidence. */
export function lacksEvidence(segment: Segment, basis: string | undefined): boolean {
  return segment.sensitive === true && basis === undefined && segment.basis === undefined
}

type Added = MembershipLine['add'][number]

/** The same for what is not there and what is somebody else's. */
export function unknownName(kind: 'namespace' | 'segment', name: string): string {
  return `there is no ${kind} ${JSON.stringify(name)} that you may write to`
}
