/** What work returns; undefined where it throws: a page is not disturbed by us, nor we by what it has made of itself. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
