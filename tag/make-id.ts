/** 128 random bits in hexadecimal. Older libraries put an Array.from in place that maps nothing. */
export function makeId(): string {
  let id = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(16)))
    id += byte.toString(16).padStart(2, '0')
  return id
}
