/** One thing wrong with what was asked, at one field (dotted path, '' for the whole). */
export interface Problem {
  field: string
  reason: string
}

/** How a desk verb says no; the console maps each word to a status (RFC 9457). */
export const RefusalWords = {
  invalid: 'A field has the wrong type or form.',
  forbidden: 'This caller may not do this to that object.',
  not_found: 'There is no such object, or it is not yours to see.',
  conflict: 'Something else already has this name or state.',
  precondition_failed: 'The object was changed since you read it: read it again.',
  unprocessable: 'Every field is well formed, but together they make no sense.',
} as const
export type RefusalWord = keyof typeof RefusalWords

/** Thrown by desk verbs (control plane only; never on the bid path). Carries every field at fault. */
export class Refused extends Error {
  readonly word: RefusalWord
  readonly problems: readonly Problem[]

  constructor(word: RefusalWord, problems: readonly Problem[]) {
    super(problems.map((p) => (p.field ? `${p.field}: ${p.reason}` : p.reason)).join('; '))
    this.word = word
    this.problems = problems
  }
}

/** Shorthand for a refusal with one problem. */
export function refuse(word: RefusalWord, field: string, reason: string): Refused {
  return new Refused(word, [{ field, reason }])
}
