import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Body, ConsoleWorld, fill } from './world.ts'

/** `PASSERELLE_BULK=1000000 npm test -- test/console/bulk` imports a million lines. */
const LINES = Number(process.env['PASSERELLE_BULK'] ?? 100_000)
const MIB = 1024 * 1024
/** Sender and receiver are one process here; holding a million lines would take far more. */
const GROWTH_MIB_MAX = 256

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

describe(`an import of ${LINES} lines`, () => {
  test('stays within bounds of memory, and is all there', { timeout: 600_000 }, async () => {
    await send('/api/memberships', membership, 5_000)
    const beforeMib = ownMib()
    let peakMib = beforeMib
    const beganMs = performance.now()
    const report = await send('/api/memberships', membership, LINES, () => {
      peakMib = Math.max(peakMib, ownMib())
    })
    tell(`${LINES} memberships`, beganMs, peakMib - beforeMib)
    expect(report).toEqual({ accepted: LINES, rejected: 0, errors: [] })
    expect(peakMib - beforeMib).toBeLessThan(GROWTH_MIB_MAX)
    for (let i = 0; i < LINES; i += Math.ceil(LINES / 50))
      expect(await world.memberships('dsp', `person-${i}`)).toMatch(/^boats:\d+ cars:\d+$/)
  })

  test('replaces a segment as well', { timeout: 600_000 }, async () => {
    const beganMs = performance.now()
    const path = '/api/memberships?segment=cars&mode=replace'
    const report = await send(path, (i) => ({ source: 'dsp', uid: `person-${i * 2}` }), LINES / 2)
    tell(`${LINES / 2} members replacing ${LINES}`, beganMs)
    expect(report.replaced.after).toBe(LINES / 2)
    expect(await world.memberships('dsp', 'person-1')).toMatch(/^boats:\d+$/)
  })

  test('says of matches who is who', { timeout: 600_000 }, async () => {
    const beganMs = performance.now()
    const report = await send('/api/matches', match, LINES / 10)
    tell(`${LINES / 10} matches`, beganMs)
    expect(report).toEqual({ accepted: LINES / 10, rejected: 0, errors: [] })
  })
})

/** Memory of this process's own: the store's file, mapped into it, is the machine's to take back. */
function ownMib(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    return Number(/RssAnon:\s+(\d+) kB/.exec(status)![1]) / 1024
  } catch {
    const { heapTotal, external } = process.memoryUsage()
    return (heapTotal + external) / MIB
  }
}

const membership = (i: number) => ({
  source: 'dsp',
  uid: `person-${i}`,
  add: ['cars', 'boats'],
  ttlDays: 30,
})
const match = (i: number) => ({
  source: 'dsp',
  uid: `person-${i}`,
  with: { source: 'dmp', uid: `p${i}` },
})

async function send(
  path: string,
  line: (i: number) => object,
  count: number,
  watch: () => void = () => {},
): Promise<Body> {
  async function* chunks(): AsyncIterable<Uint8Array> {
    for (let i = 0; i < count; ) {
      watch()
      let text = ''
      for (const end = Math.min(count, i + 500); i < end; i++)
        text += `${JSON.stringify(line(i))}\n`
      yield Buffer.from(text)
    }
  }
  return world.must('POST', path, { raw: chunks() })
}

function tell(what: string, beganMs: number, growthMib?: number): void {
  const seconds = (performance.now() - beganMs) / 1000
  const growth = growthMib === undefined ? '' : `, memory grew by ${growthMib.toFixed(0)} MiB`
  console.log(`${what}: ${seconds.toFixed(1)} s${growth}`)
}
