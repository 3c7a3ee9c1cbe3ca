import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packHistory } from '../../../proto/history-blob.ts'
import { redisWorld } from './redis-world.ts'

const world = redisWorld()
const NONE = new Uint8Array(0)
const BASE_MS = 1_790_000_000_000

/** Ten ids in two buckets of their partitions, so that they share their turns of the wheel. */
const KEYS = Array.from({ length: 10 }, (_, i) => {
  const key = Buffer.alloc(16, i)
  key[0] = i < 5 ? 0 : 200
  return key
})

/** What is written of an id: nothing any more, or a history with a moment to be looked at (0: never). */
const write = fc.record({
  id: fc.nat(KEYS.length - 1),
  wake: fc.oneof(fc.constant(undefined), fc.constant(0), fc.integer({ min: 1, max: 50 })),
})

test('whoever is due is found, by bucket, whatever was written before, and nobody else', async () => {
  const server = await world.server()
  const { histories } = await world.store(`${server.url}?buckets=64`)
  const client = await world.client(server.url)
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 40 }), fc.nat(60), async (writes, until) => {
      const due = async (at: number, max: number) =>
        (await histories.due(BASE_MS + at, max)).map((key) => key[1])
      const wakes = new Map<number, number>()
      const blank = await histories.read(KEYS)
      const nothing = { history: NONE, add: [], remove: [], messages: [] }
      await histories.learn(KEYS.map((key, i) => ({ key, held: blank[i]!, ...nothing })))
      for (const [i, { id, wake }] of writes.entries()) {
        const [held] = await histories.read([KEYS[id]!])
        const shown = new Map([[1, [{ atMs: BASE_MS + i, count: 1 }]]])
        const wakeMs = wake ? BASE_MS + wake : 0
        const history =
          wake === undefined ? NONE : packHistory({ wakeMs, traits: shown, segments: new Map() })
        const lesson = { key: KEYS[id]!, held: held!, history, add: [], remove: [], messages: [] }
        expect(await histories.learn([lesson])).toEqual(['done'])
        if (wake) wakes.set(id, wake)
        else wakes.delete(id)
        // Looking moves the wheel on, and must not lose anybody.
        if (i % 7 === 0) await due(i, 3)
      }
      const wanted = [...wakes].filter(([, wake]) => wake <= until).sort(([, a], [, b]) => a - b)
      const found = await due(until, 100)
      expect(found.map((id) => wakes.get(id!))).toEqual(wanted.map(([, wake]) => wake))
      expect([...found].sort()).toEqual(wanted.map(([id]) => id).sort())
      const [first] = await due(until, 1)
      expect(first === undefined ? undefined : wakes.get(first)).toBe(wanted[0]?.[1])
    }),
    { numRuns: 60 },
  )
  expect(await client.zcard('{p0}:wheel')).toBeLessThanOrEqual(1)
})
