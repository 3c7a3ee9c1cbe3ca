import { type NestedJson, nestedJson } from './nested-json.ts'

/** The list of a fragment's domains is the same for each of its answers: so are the entries. */
const known = new WeakMap<readonly string[], NestedJson>()

/** Entries of `dsa.transparency` (OpenRTB DSA extension; parameter 1 is profiling). */
export function transparencyJson(domains: readonly string[]): NestedJson {
  let json = known.get(domains)
  if (!json) {
    const entries = domains.map((domain) => JSON.stringify(transparencyEntry(domain)))
    known.set(domains, (json = nestedJson('dsa', 'transparency', entries.join(','))))
  }
  return json
}

export function transparencyEntry(domain: string): { domain: string; dsaparams: number[] } {
  return { domain, dsaparams: [1] }
}
