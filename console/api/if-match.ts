import { Refused, refuse } from '../../audience/refusal.ts'

/**
 * The version that a write is bound to by its If-Match (RFC 9110 §13.1.1); undefined where none was
 * sent. `current` reads the object's version; it is asked only where several tags, or `*`, were sent.
 * Throws Refused (`precondition_failed`) where the object can fit none of the tags.
 */
export function ifMatchVersion(header: string, current: () => number): number | undefined {
  if (header === '') return undefined
  const tags = header.split(',').map((tag) => tag.trim())
  const versions = tags.flatMap((tag) => /^"(\d{1,15})"$/.exec(tag)?.[1] ?? []).map(Number)
  if (tags.length === 1 && versions.length === 1) return versions[0]
  const version = versionNow(current)
  if (version !== undefined && (tags.includes('*') || versions.includes(version))) return version
  throw refuse('precondition_failed', '', 'it is not as If-Match says: read it again')
}

function versionNow(current: () => number): number | undefined {
  try {
    return current()
  } catch (error) {
    if (error instanceof Refused && error.word === 'not_found') return undefined
    throw error
  }
}
