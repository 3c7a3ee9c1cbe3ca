import { type Problem, type RefusalWord, RefusalWords } from '../audience/refusal.ts'
import { LIMITS } from './limits.ts'

/** Why the console itself says no, beside the words of desk verbs (RefusalWords). */
export const DenialWords = {
  unauthorized: 'A valid operator token or partner key is needed.',
  unknown_path: 'There is nothing at this path.',
  wrong_method: 'This path does not answer to this method.',
  too_large: 'The body is longer than is read here.',
  unsupported: 'The body has a content type or coding that is not read here.',
  too_many: 'As many of these as may run at once are under way: try again later.',
  starting: 'The catalog is not loaded yet: try again in a moment.',
  unavailable: 'The store did not do it: try again; what was done already does no harm.',
} as const
export type DenialWord = keyof typeof DenialWords

export type ProblemWord = RefusalWord | DenialWord

/** Every word with its sentence. */
export const ProblemTitles: Readonly<Record<ProblemWord, string>> = {
  ...RefusalWords,
  ...DenialWords,
}

export const ProblemStatus: Readonly<Record<ProblemWord, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  unknown_path: 404,
  wrong_method: 405,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported: 415,
  unprocessable: 422,
  too_many: 429,
  starting: 503,
  unavailable: 503,
}

/** Thrown where the console itself says no. `headers` are sent with the answer: name, value, … */
export class Denied extends Error {
  readonly word: DenialWord
  readonly problems: readonly Problem[]
  readonly headers: readonly string[]

  constructor(word: DenialWord, reason: string, headers: readonly string[] = []) {
    super(reason)
    this.word = word
    this.problems = [{ field: '', reason }]
    this.headers = headers
  }
}

/** Why a line of an import is bad, where no schema says it. */
export const LineFaults = {
  too_long: `the line is longer than ${LIMITS.lineBytesMax / 1024} KiB`,
  not_utf8: 'the line is not UTF-8',
  not_json: 'the line is not JSON',
  not_object: 'the line is no JSON object',
  too_deep: `the line is nested more than ${LIMITS.jsonDepthMax} levels deep`,
  nothing_to_do: 'add or remove is required',
  no_such_moment: 'at is not a date that exists',
  in_future: 'at is in the future',
  not_replacing: 'with mode=replace a line may add the replaced segment only, and remove nothing',
  needs_basis:
    'a sensitive segment takes nobody in without evidence of explicit consent: name it with ?basis=, or in its basis',
  not_utf8_field: 'is not UTF-8',
  no_consent: 'process_consent must be true: without it nothing is done',
  which_id: 'user_id_type must be one of a device, or source name a namespace',
  whose_id: 'partner_source must name a namespace',
  not_yours_to_opt_out: 'a person is opted out by an id of your own',
  not_yours_to_match:
    'a match needs an id of your own, and beside it another of yours, a device, or an eid source of the exchange',
  not_yours_to_remove: 'a match between ids that are not all yours is removed by operators only',
} as const
export type LineFault = keyof typeof LineFaults

/** The same, of a deletion list. */
export const DeletionFaults = {
  not_csv: 'the line is not CSV',
  no_columns: 'the first line names columns: value, and type or source',
  bare_cr: 'lines end with a carriage return alone: save the file with LF or CRLF',
  one_of: 'either type or source is required',
} as const
