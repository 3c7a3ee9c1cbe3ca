import { hash } from 'node:crypto'

const BYTES = 16

/** The id of a claim that is made of words: what it is about first, then what tells it apart. */
export function claimId(...words: readonly string[]): Buffer {
  return hashed(words.join('\n'))
}

/** What a claim keeps of a value: enough to know it again, not the value. */
export function claimWord(value: string): Buffer {
  return hashed(value)
}

function hashed(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, BYTES)
}
