import { CliError } from './cli-error.ts'

interface ProblemBody {
  title?: string
  errors?: { field: string; reason: string }[]
}

/** What to do about a status, where there is something. */
const HINTS: Readonly<Record<number, string>> = {
  401: 'The token is not accepted: check --token, PASSERELLE_ADMIN_TOKEN or PASSERELLE_DATA.',
  403: 'Use an operator token for this.',
  404: 'List what there is: passerelle <kind> list.',
  412: 'Read it again (get says its etag), and repeat the change on what is there now.',
  429: 'Wait for what is under way to end, and ask again.',
  503: 'Try again in a moment; see /health/ready for what is missing.',
}

/** A refused request as an error whose lines name every field at fault. */
export function refusalOf(status: number, body: unknown): CliError {
  const { title = `refused with status ${status}`, errors = [] } = (body ?? {}) as ProblemBody
  const lines = errors.map(({ field, reason }) => `  ${field ? `${field}: ` : ''}${reason}`)
  const hint = errors.some(({ field }) => field === 'confirm') ? CONFIRM : HINTS[status]
  return new CliError([title, ...lines].join('\n'), hint === undefined ? [] : [hint])
}

const CONFIRM = 'If that is meant, send it again with --confirm.'
