import { BULK_MATCHES_SCHEMA } from './generated/bulk-matches-schema.ts'
import { fieldsOf, messageCodec } from './protobuf.ts'

/** One operation as it came; text as bytes, and what is absent as ''/0/false. See bulk-matches.proto. */
export interface MatchOperation {
  userId: Buffer
  delete: boolean
  timeAddedInUsec: number
  optOut: boolean
  userIdType: number
  source: Buffer
  partnerId: Buffer
  partnerSource: Buffer
  ttlDays: number
  matchMethod: number
}

export interface BulkMatches {
  hasConsent: boolean
  count: number
  /** In order, read one by one. */
  operations(): Iterable<MatchOperation>
}

export interface BulkAnswer {
  status: number
  errors: {
    operation: number
    userId: Uint8Array
    userIdType: number
    errorCode: number
    reason: string
  }[]
  accepted: number
  rejected: number
}

const { UserIdType, ErrorCode } = BULK_MATCHES_SCHEMA.nested.passerelle.nested.matches.nested
export const UserIdTypes = UserIdType.values
export const ErrorCodes = ErrorCode.values

const named = <T>(name: string) =>
  messageCodec<T>(BULK_MATCHES_SCHEMA, `passerelle.matches.${name}`)
const operation = named<MatchOperation>('MatchOperation')
const answer = named<BulkAnswer>('UpdateMatchesResponse')

const OPS = 1
const PROCESS_CONSENT = 3

/**
 * Reads an UpdateMatchesRequest whole, to be sure of it before anything is done; operations are not kept, but read
 * again when they are walked over, so that a request costs its own bytes. Throws where it is none.
 */
export function readBulkMatches(bytes: Uint8Array): BulkMatches {
  let hasConsent = false
  let count = 0
  for (const { field, value } of fieldsOf(bytes)) {
    if (field === OPS) {
      operation.decode(bytesIn(value))
      count++
    } else if (field === PROCESS_CONSENT) hasConsent = numberIn(value) !== 0
  }
  return { hasConsent, count, operations: () => operationsIn(bytes) }
}

export function writeBulkAnswer(told: BulkAnswer): Uint8Array {
  return answer.encode(told)
}

function* operationsIn(bytes: Uint8Array): Iterable<MatchOperation> {
  for (const { field, value } of fieldsOf(bytes))
    if (field === OPS) yield operation.decode(bytesIn(value))
}

function bytesIn(value: Uint8Array | number | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new Error('ops holds something else than operations')
}

function numberIn(value: Uint8Array | number | undefined): number {
  if (typeof value === 'number') return value
  throw new Error('process_consent is no bool')
}
