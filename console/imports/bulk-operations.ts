import { isUtf8 } from 'node:buffer'
import { IFA } from '../../audience/namespace.ts'
import { type MatchOperation, UserIdTypes } from '../../proto/bulk-matches.ts'
import { LineFaults } from '../reasons.ts'
import { type MatchChange, type MatchReading, readMatchValue, valueFault } from './match-lines.ts'
import { unknownName } from './membership-lines.ts'
import type { LineValue } from './read-lines.ts'

/** An operation of a bulk upload, counted from 1. */
export interface NumberedOperation {
  number: number
  operation: MatchOperation
}

/** Types of ids that stand for devices: all of them are `device.ifa` in a bid. */
const DEVICE_TYPES: ReadonlySet<number> = new Set([
  UserIdTypes.IDFA,
  UserIdTypes.ANDROID_AD_ID,
  UserIdTypes.RIDA,
  UserIdTypes.AFAI,
  UserIdTypes.MSAI,
  UserIdTypes.GENERIC_DEVICE_ID,
])

const US_PER_MS = 1_000

/** What an operation asks for, under the rules of a line that says the same. `ownSource`: the sender's namespace, if any. */
export function readOperation(
  operation: MatchOperation,
  reading: OperationReading,
): LineValue<MatchChange> {
  const read = readAsLine(operation, reading)
  return 'reason' in read ? { reason: inFieldsOfOperation(read.reason) } : read
}

export type OperationReading = MatchReading & { ownSource: string | undefined }

/** A line's fields, as reasons begin with them, and what they are called in an operation. */
const FIELDS: readonly [RegExp, string][] = [
  [/^with[.]uid\b/, 'user_id'],
  [/^uid\b/, 'partner_id'],
  [/^at\b/, 'time_added_in_usec'],
  [/^ttlDays\b/, 'ttl_days'],
  [/^mm\b/, 'match_method'],
]

function inFieldsOfOperation(reason: string): string {
  const [field, name] = FIELDS.find(([pattern]) => pattern.test(reason)) ?? []
  return field === undefined ? reason : reason.replace(field, name!)
}

function readAsLine(operation: MatchOperation, reading: OperationReading): LineValue<MatchChange> {
  for (const field of ['userId', 'source', 'partnerId', 'partnerSource'] as const)
    if (!isUtf8(operation[field]))
      return { reason: `${WIRE_NAMES[field]} ${LineFaults.not_utf8_field}` }
  const source = operation.partnerSource.toString() || reading.ownSource
  if (source === undefined) return { reason: LineFaults.whose_id }
  const uid = operation.partnerId.toString()
  if (operation.optOut) return readOptOut({ source, uid }, reading)
  const other = otherSource(operation)
  if (other === '') return { reason: LineFaults.which_id }
  const { timeAddedInUsec, ttlDays, matchMethod } = operation
  return readMatchValue(
    {
      ...{ source, uid, with: { source: other, uid: operation.userId.toString() } },
      mm: matchMethod,
      ...(timeAddedInUsec === 0 ? {} : { at: Math.floor(timeAddedInUsec / US_PER_MS) }),
      ...(ttlDays === 0 ? {} : { ttlDays }),
      ...(operation.delete ? { remove: true } : {}),
    },
    reading,
  )
}

const WIRE_NAMES = {
  userId: 'user_id',
  source: 'source',
  partnerId: 'partner_id',
  partnerSource: 'partner_source',
} as const

function otherSource({ userIdType, source }: MatchOperation): string {
  return DEVICE_TYPES.has(userIdType) ? IFA.name : source.toString()
}

/** Whoever opts a person out says so of an id of its own, and of nobody else's. */
function readOptOut(
  { source, uid }: { source: string; uid: string },
  { names }: MatchReading,
): LineValue<MatchChange> {
  const namespace = names.namespace(source)
  if (namespace === undefined) return { reason: unknownName('namespace', source) }
  if (!names.isOwn(namespace)) return { reason: LineFaults.not_yours_to_opt_out }
  const fault = valueFault('uid', names, namespace, uid)
  if (fault !== undefined) return { reason: fault }
  return { value: { what: 'optOut', id: { namespace: namespace.number, value: uid } } }
}
