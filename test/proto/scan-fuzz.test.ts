import { describe, expect, it } from 'vitest'
import { corpusLines } from '../support/corpus.ts'
import { mutateJson } from '../support/mutate-json.ts'
import { seeded } from '../support/random.ts'
import { OWN_REQUESTS } from './own-requests.ts'
import { checkScan } from './scan-oracle.ts'

/** `PASSERELLE_FUZZ=5000000` runs that many; `PASSERELLE_SEED=7` makes them others. */
const mutations = Number(process.env['PASSERELLE_FUZZ'] ?? 300_000)
const seed = Number(process.env['PASSERELLE_SEED'] ?? 1)

describe('the scanner under mutated requests', () => {
  it(`agrees with JSON.parse and the slow parser (${mutations} mutations, seed ${seed})`, () => {
    const random = seeded(seed)
    const bodies = [...OWN_REQUESTS.map((text) => Buffer.from(text)), ...shortCorpus()]
    const stackTraceLimit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    let accepted = 0
    for (let i = 0; i < mutations; i++) {
      if (checkScan(mutateJson(random.pick(bodies), random, bodies))) accepted++
    }
    Error.stackTraceLimit = stackTraceLimit
    // A run that is refused throughout, or never, would prove little.
    expect(accepted / mutations).toBeGreaterThan(0.1)
    expect(accepted / mutations).toBeLessThan(0.9)
  }, 3_600_000)
})

/** Long bodies take time and reach nothing that short ones do not. */
function shortCorpus(): Buffer[] {
  return corpusLines('openrtb/requests.ndjson').filter((line) => line.length < 400)
}
