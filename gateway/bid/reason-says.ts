import { ConsentReasons } from '../../audience/consent/reasons.ts'
import { WithheldReasons } from '../../exchange/reasons.ts'
import { DealLeftOut, SegmentLeftOut, SegmentNotThere, Unenriched } from './reasons.ts'

const SENTENCES: Readonly<Record<string, string>> = {
  ...WithheldReasons,
  ...DealLeftOut,
  ...SegmentLeftOut,
  ...SegmentNotThere,
  ...Unenriched,
  ...ConsentReasons,
}

/** The sentence of any word by which the bid path says why it added nothing. */
export function reasonSays(word: string): string {
  return Object.hasOwn(SENTENCES, word) ? SENTENCES[word]! : ''
}
