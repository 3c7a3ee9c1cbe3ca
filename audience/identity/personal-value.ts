import { percentDecoded } from '../percent-decoded.ts'

/** Where an id should stand, and what looks like a way to reach a person does. */
export const PERSONAL_SAYS =
  'looks like an e-mail address or a telephone number, which is no id: give it as the email or phone of the person, or as its SHA-256'

/**
 * Whether a text looks like an e-mail address or a telephone number, as it is, percent-encoded, or as a link to it. Bare
 * digits do not: ids are written so.
 */
export function looksPersonal(text: string): boolean {
  if (!/[@+%]|^\s*(?:tel:)?\(?0/i.test(text)) return false
  return [text, percentDecoded(text)].some((one) => ADDRESS.test(one) || isNumber(one))
}

const ADDRESS =
  /^\s*(?:mailto:|smtp:)?[<"]?[^\s@"<>]+"?@[^\s@"<>.]+(?:\.[^\s@"<>.]+)*\.[a-z\u00a1-\uffff]{2,}>?\s*$/iu

/** With a plus, or a leading zero and two gaps at least; dates and decimals have fewer digits, or gaps. */
function isNumber(text: string): boolean {
  const plain = text.trim().replace(/^tel:/i, '')
  if (!/^(?:\+|\(?0)[\d\s().\-/]+$/.test(plain)) return false
  const digits = plain.replaceAll(/\D/g, '').length
  if (plain.startsWith('+')) return digits >= 8 && digits <= 15
  const gaps = plain.match(/[\s().\-/]+/g)?.length ?? 0
  return gaps >= 2 && digits >= 9 && digits <= 17
}

/** Candidates for what stands within a text: addresses, also percent-encoded, and what may be a number. */
const WITHIN =
  /[^\s@"<>()[\]{}=&?/:;,#|]{1,64}(?:@|%40)[\p{L}\d-]{1,63}(?:\.[\p{L}\d-]{1,63}){1,8}|(?<![\w.+-])(?:\+|%2b|\(?0)\d?[\d\s().\-/]{7,24}\d(?![\w-])/giu

/** A text with each address and number that stands in it replaced: all of it where it is one itself. */
export function replacePersonal(text: string, by: (personal: string) => string): string {
  if (looksPersonal(text)) return by(text)
  if (!/@|%40|\+|%2b|\b0/i.test(text)) return text
  return text.replaceAll(WITHIN, (found) => (looksPersonal(found) ? by(found) : found))
}
