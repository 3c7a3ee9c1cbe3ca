import {
  type BulkAnswer,
  type BulkMatches,
  ErrorCodes,
  type MatchOperation,
  writeBulkAnswer,
} from '../../proto/bulk-matches.ts'
import { LineFaults } from '../reasons.ts'
import type { ImportReport } from './import-run.ts'
import { unknownName } from './membership-lines.ts'

/** The answer to a bulk upload, in kind: operations that the report names are told with their ids. */
export function bulkAnswer(
  { accepted, rejected, errors }: ImportReport,
  request: BulkMatches,
): Uint8Array {
  const failed = operationsAt(new Set(errors.map(({ line }) => line)), request)
  const told: BulkAnswer = {
    status: statusOf(accepted, rejected, errors),
    errors: errors.map(({ line, reason }) => {
      const { userId = NO_ID, userIdType = 0 } = failed.get(line) ?? {}
      return { operation: line, userId, userIdType, errorCode: codeOf(reason), reason }
    }),
    accepted,
    rejected,
  }
  return writeBulkAnswer(told)
}

const NO_ID = new Uint8Array(0)

function operationsAt(
  numbers: ReadonlySet<number>,
  request: BulkMatches,
): ReadonlyMap<number, MatchOperation> {
  const found = new Map<number, MatchOperation>()
  if (numbers.size === 0) return found
  let number = 0
  for (const operation of request.operations())
    if (numbers.has(++number)) found.set(number, operation)
  return found
}

function statusOf(accepted: number, rejected: number, errors: ImportReport['errors']): number {
  if (rejected === 0) return accepted === 0 ? ErrorCodes.EMPTY_REQUEST : ErrorCodes.NO_ERROR
  if (accepted > 0) return ErrorCodes.PARTIAL_SUCCESS
  const codes = new Set(errors.map(({ reason }) => codeOf(reason)))
  return codes.size === 1 ? [...codes][0]! : ErrorCodes.BAD_DATA
}

const CODES = new Map<string, number>([
  [LineFaults.not_yours_to_match, ErrorCodes.PERMISSION_DENIED],
  [LineFaults.not_yours_to_remove, ErrorCodes.PERMISSION_DENIED],
  [LineFaults.not_yours_to_opt_out, ErrorCodes.PERMISSION_DENIED],
  [LineFaults.no_consent, ErrorCodes.MISSING_CONSENT],
])

/** The words are for people; machines get the nearest of Google's codes. */
function codeOf(reason: string): number {
  const code = CODES.get(reason)
  if (code !== undefined) return code
  if (reason.startsWith(UNKNOWN_NAMESPACE)) return ErrorCodes.PERMISSION_DENIED
  if (reason.startsWith('time_added')) return ErrorCodes.BAD_TIMESTAMP
  return /^(user|partner)_id\b/.test(reason) ? ErrorCodes.BAD_COOKIE : ErrorCodes.BAD_DATA
}

const UNKNOWN_NAMESPACE = unknownName('namespace', '').split('"')[0]!
