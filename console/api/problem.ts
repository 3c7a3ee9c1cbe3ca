import { type Problem, Refused } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import { StoreFailed } from '../../audience/store/store-failed.ts'
import { NotAppended } from '../../exchange/ledger/not-appended.ts'
import { Denied, ProblemStatus, ProblemTitles, type ProblemWord } from '../reasons.ts'
import type { NamedSchema } from './route.ts'

/** What a refused request is answered with (RFC 9457). */
export const ProblemShape: NamedSchema = {
  name: 'Problem',
  schema: Type.Object({
    type: Type.String({ description: '`urn:passerelle:problem:` and the word of the reason' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    errors: Type.Array(
      Type.Object({
        field: Type.String({ description: 'Dotted path; empty for the whole.' }),
        reason: Type.String(),
      }),
    ),
  }),
}

export interface ProblemAnswer {
  status: number
  /** Flat: name, value, name, value … */
  headers: string[]
  body: string
}

/** The answer to an error that is a refusal; undefined for any other, which is ours to mend. */
export function problemOf(error: unknown): ProblemAnswer | undefined {
  if (error instanceof Refused) return answerOf(error.word, error.problems)
  if (error instanceof Denied) return answerOf(error.word, error.problems, error.headers)
  if (error instanceof StoreFailed || isDiskTrouble(error))
    return answerOf('unavailable', [{ field: '', reason: error.message }], RETRY_AFTER)
  return undefined
}

/** Of the audit log, or of what an import sets down meanwhile: for the operator to mend. */
function isDiskTrouble(error: unknown): error is Error {
  if (error instanceof NotAppended) return true
  return error instanceof Error && DISK_CODES.has(String((error as NodeJS.ErrnoException).code))
}

const DISK_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])

const RETRY_AFTER = ['retry-after', '1']

function answerOf(
  word: ProblemWord,
  problems: readonly Problem[],
  headers: readonly string[] = [],
): ProblemAnswer {
  const status = ProblemStatus[word]
  const detail = problems
    .map(({ field, reason }) => (field ? `${field}: ${reason}` : reason))
    .join('; ')
  const body = {
    type: `urn:passerelle:problem:${word}`,
    title: ProblemTitles[word],
    status,
    detail,
    errors: problems,
  }
  const always = ['content-type', 'application/problem+json', 'x-passerelle-reason', word]
  return { status, headers: [...always, ...headers], body: JSON.stringify(body) }
}
