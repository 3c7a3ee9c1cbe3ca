import { refuse } from '../../audience/refusal.ts'
import { Lexeme } from '../../exchange/deal-import/foreign-document.ts'
import { parseLexical } from '../../proto/lexical-json.ts'
import { LIMITS } from '../limits.ts'

/** A document of a body, or why it is none. */
export type FoundDocument = { value: unknown } | { reason: string }

export interface FoundDocuments {
  documents: readonly FoundDocument[]
  /** They came as a list or as lines: the answer is a list, too. */
  isMany: boolean
}

/**
 * The documents of a body: one, a list of them, or one a line. Numbers stay as they were written.
 * Refuses (`invalid`, `unprocessable`) a body without any, and one with too many.
 */
export function dealDocuments(body: string, contentType: string): FoundDocuments {
  const found = /ndjson|jsonl|json-seq/i.test(contentType) ? linesOf(body) : wholeOrLines(body)
  if (found.documents.length === 0) throw refuse('invalid', '', 'the body holds no document')
  if (found.documents.length > LIMITS.dealDocumentsMax)
    throw refuse('unprocessable', '', `more than ${LIMITS.dealDocumentsMax} documents: send parts`)
  return found
}

function wholeOrLines(body: string): FoundDocuments {
  const whole = parsed(body)
  if ('value' in whole) {
    const { value } = whole
    if (!Array.isArray(value)) return { documents: [whole], isMany: false }
    return { documents: value.map((one) => ({ value: one })), isMany: true }
  }
  const lines = linesOf(body)
  // What is JSON neither as a whole nor in its first line was never meant to be lines.
  const isLines = lines.documents.length > 1 && 'value' in lines.documents[0]!
  return isLines ? lines : { documents: [whole], isMany: false }
}

function linesOf(body: string): FoundDocuments {
  const lines = body.split(/\r?\n/).filter((line) => line.trim() !== '')
  return { documents: lines.map(parsed), isMany: true }
}

function parsed(text: string): FoundDocument {
  try {
    return { value: parseLexical(text, (lexeme) => new Lexeme(lexeme)) }
  } catch (error) {
    return { reason: `is not JSON: ${(error as Error).message}` }
  }
}
