import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ConsoleWorld, fill } from './world.ts'

// An import is read at the pace at which it is written: what a client can push ahead is bounded, whatever it sends.

const LINES = 400_000
const LINES_A_CHUNK = 200
const MIB = 1024 * 1024
/** Two batches of lines, and what the sockets and streams between client and desk hold. */
const AHEAD_BYTES_MAX = 12 * MIB
const STALLED_TURNS = 30

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

test('a body of matches is never held whole: the client waits for the store', async () => {
  const line = (i: number) =>
    `{"source":"dsp","uid":"u-${i}","with":{"source":"ifa","uid":"${'d'.repeat(60)}-${i}"}}\n`
  const lineBytes = line(LINES).length
  let sentBytes = 0
  async function* body() {
    for (let from = 0; from < LINES; from += LINES_A_CHUNK) {
      const chunk = Buffer.from(
        Array.from({ length: LINES_A_CHUNK }, (_, i) => line(from + i)).join(''),
      )
      sentBytes += chunk.length
      yield chunk
    }
  }
  let written = 0
  let aheadBytesMax = 0
  const link = vi.spyOn(world.audience, 'link').mockImplementation(async (edges) => {
    await stalled(() => sentBytes)
    aheadBytesMax = Math.max(aheadBytesMax, sentBytes - written * lineBytes)
    written += edges.length
    return edges.map(() => ({ ok: true }))
  })
  const { body: report } = await world.ask('POST', '/api/matches', { raw: body() })
  link.mockRestore()
  expect(report).toEqual({ accepted: LINES, rejected: 0, errors: [] })
  expect(sentBytes).toBeGreaterThan(3 * AHEAD_BYTES_MAX)
  expect(aheadBytesMax).toBeLessThan(AHEAD_BYTES_MAX)
}, 60_000)

/** Until a number has not moved for many turns of the event loop: the client has pushed all it can. */
async function stalled(now: () => number): Promise<void> {
  let last = now()
  for (let turns = 0; turns < STALLED_TURNS; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (now() === last) continue
    last = now()
    turns = 0
  }
}
