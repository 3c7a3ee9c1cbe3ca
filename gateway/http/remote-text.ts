const decoder = new TextDecoder('latin1')
const MAPPED = /^(?:0000:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/

/** A peer's address as text; an IPv4 address that came over an IPv6 socket is written as IPv4. */
export function remoteText(address: string | ArrayBuffer | undefined): string {
  const text = typeof address === 'string' ? address : decoder.decode(address)
  if (text.startsWith('::ffff:') && text.includes('.')) return text.slice(7)
  const mapped = MAPPED.exec(text)
  if (!mapped) return text
  return mapped
    .slice(1)
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}
