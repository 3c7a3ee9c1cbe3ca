/** What the caller asked of the answer with `Prefer` (RFC 7240). */
export interface Prefer {
  /** `request`: the whole request back. `minimal`: 204 where nothing is added. `additions`: only what is added. */
  readonly returns: 'request' | 'minimal' | 'additions'
  readonly trace: boolean
}

const PLAIN: Prefer = { returns: 'request', trace: false }

/** Reads the header; what it does not know it ignores, as RFC 7240 §2 asks. */
export function readPrefer(header: string): Prefer {
  if (header === '') return PLAIN
  const wishes = header
    .toLowerCase()
    .split(/[,;]/)
    .map((wish) => wish.trim().replaceAll('"', ''))
  const isMinimal = wishes.includes('return=minimal')
  const isAdditions = wishes.includes('return=additions')
  return {
    returns: isAdditions ? 'additions' : isMinimal ? 'minimal' : 'request',
    trace: wishes.includes('trace'),
  }
}
