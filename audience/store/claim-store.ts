import type { Soon } from '../soon.ts'

/**
 * Words that are given once, for what must happen once in the whole installation: whoever claims an id
 * first says what it stands for, and everybody after learns that, until it is forgotten.
 */
export interface ClaimStore {
  /** Claims an id, or learns who was first. An id whose `untilMs` has passed is free again. */
  claim(claim: Claim): Promise<ClaimOutcome>
  /** What the ids stand for now, in the order asked; undefined where nobody claimed them. */
  find(ids: readonly Buffer[]): Soon<(Buffer | undefined)[]>
}

export interface Claim {
  /** 16 bytes. */
  id: Buffer
  /** What it stands for: at most 64 bytes. */
  word: Buffer
  /** Wall time at which it is forgotten. */
  untilMs: number
}

export interface ClaimOutcome {
  /** True for the call that claimed it. */
  first: boolean
  /** What was said by whoever was first. */
  word: Buffer
}
