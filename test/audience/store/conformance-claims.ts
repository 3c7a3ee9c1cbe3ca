import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import type { OpenForTest } from './store-conformance.ts'

const HOUR_MS = 3_600_000

export function claimsConformance(open: OpenForTest): void {
  const id = () => randomBytes(16)
  const inAnHour = () => systemClock.now() + HOUR_MS
  const word = (text: string) => Buffer.from(text)

  test('whoever claims first says what, and everybody after learns it', async () => {
    const { claims } = (await open()).store
    const one = id()
    expect(await claims.claim({ id: one, word: word('mine'), untilMs: inAnHour() })).toEqual({
      first: true,
      word: word('mine'),
    })
    expect(await claims.claim({ id: one, word: word('other'), untilMs: inAnHour() })).toEqual({
      first: false,
      word: word('mine'),
    })
    expect(await claims.claim({ id: one, word: word('mine'), untilMs: inAnHour() })).toEqual({
      first: false,
      word: word('mine'),
    })
  })

  test('of many claims at once, over several processes, exactly one is first', async () => {
    const opened = await open()
    const second = await opened.reopen()
    const one = id()
    const claims = Array.from({ length: 20 }, (_, i) => {
      const by = i % 2 === 0 ? opened.store : second
      return by.claims.claim({ id: one, word: word(`call ${i}`), untilMs: inAnHour() })
    })
    const outcomes = await Promise.all(claims)
    await second.close()
    expect(outcomes.filter(({ first }) => first)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => outcome.word.toString())).size).toBe(1)
  })

  test('a claim is found by its id until it ends, and its id is free then', async () => {
    const { claims } = (await open()).store
    const [kept, brief, unknown] = [id(), id(), id()]
    await claims.claim({ id: kept, word: word('kept'), untilMs: inAnHour() })
    await claims.claim({ id: brief, word: word('brief'), untilMs: systemClock.now() + 1 })
    await expect.poll(async () => (await claims.find([brief]))[0], { interval: 2 }).toBeUndefined()
    expect(await claims.find([kept, brief, unknown])).toEqual([word('kept'), undefined, undefined])
    const again = { id: brief, word: word('again'), untilMs: inAnHour() }
    expect(await claims.claim(again)).toEqual({ first: true, word: word('again') })
    // Removing what has ended must not take the new claim along.
    for (let i = 0; i < 3; i++)
      await claims.claim({ id: id(), word: word(''), untilMs: inAnHour() })
    expect(await claims.find([brief])).toEqual([word('again')])
  })

  test('a claim survives its process', async () => {
    const opened = await open()
    const one = id()
    await opened.store.claims.claim({ id: one, word: word('kept'), untilMs: inAnHour() })
    await opened.store.close()
    const later = await opened.reopen()
    expect((await later.claims.find([one]))[0]).toEqual(word('kept'))
    await later.close()
  })

  test('a claim without end, or of another size, is a mistake of the caller', async () => {
    const { claims } = (await open()).store
    const bad = [
      { id: Buffer.alloc(15), word: word(''), untilMs: inAnHour() },
      { id: id(), word: Buffer.alloc(65), untilMs: inAnHour() },
      { id: id(), word: word(''), untilMs: Number.POSITIVE_INFINITY },
    ]
    for (const claim of bad) await expect(claims.claim(claim)).rejects.toThrow(RangeError)
  })
}
