import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ConsoleWorld, fill } from './world.ts'

// An import is read at the pace at which it is written: what a client can push ahead is bounded, whatever it sends.

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

describe('a body is never held whole: the client waits for the store', () => {
  test('of matches', async () => {
    const line = (i: number) =>
      `{"source":"dsp","uid":"u-${i}","with":{"source":"ifa","uid":"${'d'.repeat(60)}-${i}"}}\n`
    const sending = new Sending(line, 200_000)
    const link = vi.spyOn(world.audience, 'link').mockImplementation(async (edges) => {
      await sending.writes(edges.length)
      return edges.map(() => ({ ok: true }))
    })
    const { body: report } = await world.ask('POST', '/api/matches', { raw: sending.body() })
    link.mockRestore()
    expect(report).toEqual({ accepted: sending.lines, rejected: 0, errors: [] })
    sending.wasHeldUp()
  }, 120_000)

  test('of events as CSV', async () => {
    const namespaces = { userId: 'till.customer' }
    const body = { name: 'Tills', kind: 'pos', owner: 'dmp', namespaces }
    await world.must('PUT', '/api/sources/tills', { body })
    await world.must('PUT', '/api/traits/bought', {
      body: { name: 'Bought', owner: 'dmp', when: 'event == "Bought"', ttlDays: 30 },
    })
    const note = 'x, '.repeat(250)
    const sending = new Sending((i) => `u${i},Bought,"${note}${i}"\n`, 40_000)
    const append = vi.spyOn(world.store.events, 'append').mockImplementation(async (events) => {
      await sending.writes(events.length)
    })
    const headers = { 'content-type': 'text/csv' }
    const raw = sending.body('userId,event,note\n')
    const got = await world.ask('POST', '/api/events?source=tills', { raw, headers })
    append.mockRestore()
    expect(got.body).toEqual({ accepted: sending.lines, rejected: 0, denied: 0, errors: [] })
    sending.wasHeldUp()
  }, 120_000)
})

/** A large body, and how far it is ahead of what is written of it. */
class Sending {
  readonly lines: number
  readonly #line: (i: number) => string
  readonly #lineBytes: number
  #sentBytes = 0
  #aheadBytesMax = 0
  #written = 0

  constructor(line: (i: number) => string, lines: number) {
    this.lines = lines
    this.#line = line
    this.#lineBytes = line(lines).length
  }

  async *body(head = '') {
    if (head !== '') yield Buffer.from(head)
    for (let from = 0; from < this.lines; from += LINES_A_CHUNK) {
      const lines = Array.from({ length: LINES_A_CHUNK }, (_, i) => this.#line(from + i))
      const chunk = Buffer.from(lines.join(''))
      this.#sentBytes += chunk.length
      yield chunk
    }
  }

  /** As slow as a client can be fast: it has pushed all it can. */
  async writes(lines: number): Promise<void> {
    await stalled(() => this.#sentBytes)
    this.#aheadBytesMax = Math.max(
      this.#aheadBytesMax,
      this.#sentBytes - this.#written * this.#lineBytes,
    )
    this.#written += lines
  }

  wasHeldUp(): void {
    expect(this.#sentBytes).toBeGreaterThan(2 * AHEAD_BYTES_MAX)
    expect(this.#aheadBytesMax).toBeLessThan(AHEAD_BYTES_MAX)
  }
}

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
