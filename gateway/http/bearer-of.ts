const BEARER = 'Bearer '

/** The key after `Bearer`, whose case does not matter (RFC 9110 §11.1); '' where it is no bearer. */
export function bearerOf(header: string): string {
  if (header === lastHeader) return lastKey
  lastKey = keyIn(header)
  lastHeader = header
  return lastKey
}

/** Most requests in a row are of one buyer. */
let lastHeader = ''
let lastKey = ''

function keyIn(header: string): string {
  if (header.startsWith(BEARER)) return header.slice(BEARER.length)
  return /^bearer +(.*)$/i.exec(header)?.[1] ?? ''
}
