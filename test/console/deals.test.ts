import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

describe('a floor', () => {
  const put = (floor: string) => {
    const raw = `{"name":"D","seller":"dmp","exchange":"ssp","bidfloor":${floor},"at":1}`
    return world.ask('PUT', '/api/deals/floor', { raw })
  }

  test('given as a number is kept as it was written, and comes back so', async () => {
    for (const [given, kept] of [
      ['2.50', '2.50'],
      ['"2.50"', '2.50'],
      ['2.5', 2.5],
      ['3', 3],
      ['0.10', '0.10'],
      ['0', 0],
    ] as const) {
      expect((await put(given)).body.bidfloor).toBe(kept)
      const read = await world.must('GET', '/api/deals/floor')
      expect(read.bidfloor).toBe(kept)
      const again = await world.ask('PUT', '/api/deals/floor', { body: read })
      expect([given, again.body.bidfloor]).toEqual([given, kept])
    }
  })

  test('that no request could carry to the letter is refused, not rounded', async () => {
    for (const given of ['0.1000000000000000055', '-1.50', '"1e3"', '"2.5 "', '10000000'])
      expect([given, (await put(given)).status]).toEqual([given, 400])
  })
})
