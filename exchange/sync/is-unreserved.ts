/** By character code: 1 where it stands for itself in an address (RFC 3986 §2.3). */
const UNRESERVED = new Uint8Array(128)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')
  UNRESERVED[char.charCodeAt(0)] = 1

/** Whether nothing in a text needs encoding, as in most consent strings. A regular expression asks half as long again. */
export function isUnreserved(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (UNRESERVED[text.charCodeAt(i)] !== 1) return false
  return true
}
