import { expect, test } from 'vitest'
import { DAY_MS, systemClock } from '../../../audience/clock.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import type { HeldMessages, Sighting } from '../../../audience/store/plan-stores.ts'
import type { OpenForTest } from './store-conformance.ts'

export function plansConformance(open: OpenForTest): void {
  const nowMs = systemClock.now()
  const seen = (name: string, count: number, firstMs = nowMs, lastMs = firstMs): Sighting => ({
    ...{ name, count, firstMs, lastMs },
  })
  const inOrder = (found: readonly Sighting[]) =>
    [...found].sort((a, b) => (a.name < b.name ? -1 : 1))
  const bodies = async (held: HeldMessages, source: string, after = '', max = 10) =>
    (await held.held(source, after, max)).map(({ body }) => Buffer.from(body).toString())
  const message = (text: string, atMs = nowMs) => ({ atMs, body: Buffer.from(text) })

  test('what was seen of a source adds up over processes, and sources do not mix', async () => {
    const opened = await open()
    const other = await opened.reopen()
    const { sightings } = opened.store
    expect(await sightings.note('shop', [seen('a\u001fé', 2, nowMs - 50, nowMs)])).toBe(0)
    expect(await other.sightings.note('shop', [seen('a\u001fé', 3, nowMs - 90, nowMs - 80)])).toBe(
      0,
    )
    await Promise.all(
      [sightings, other.sightings].map((by) => by.note('shop', [seen('b', 1), seen('c', 4)])),
    )
    await other.sightings.note('shop-2', [seen('a\u001fé', 1)])
    expect(inOrder(await sightings.of('shop'))).toEqual([
      seen('a\u001fé', 5, nowMs - 90, nowMs),
      seen('b', 2),
      seen('c', 8),
    ])
    await other.close()
  })

  test('names beyond the bound are left out and counted, and what is old makes room', async () => {
    const { sightings } = (await open()).store
    const agoMs = nowMs - (LIMITS.sightingDays + 1) * DAY_MS
    const many = (prefix: string, count: number, atMs: number) =>
      Array.from({ length: count }, (_, i) => seen(`${prefix}${i}`, 1, atMs))
    const half = LIMITS.sightingsMax / 2
    expect(await sightings.note('shop', many('old', half, agoMs))).toBe(0)
    expect(await sightings.of('shop')).toEqual([])
    expect(await sightings.note('shop', many('new', half, nowMs))).toBe(0)
    expect(await sightings.note('shop', many('more', half + 3, nowMs))).toBe(3)
    expect(await sightings.note('shop', [seen('new0', 1), seen('none', 1)])).toBe(1)
    const found = await sightings.of('shop')
    expect(found).toHaveLength(LIMITS.sightingsMax)
    expect(found.find(({ name }) => name === 'new0')!.count).toBe(2)
  })

  test('what is held back is listed by source in order, and goes when it is released', async () => {
    const opened = await open()
    const other = await opened.reopen()
    const { held } = opened.store
    await held.hold('shop', [message('one'), message('two')])
    await other.held.hold('till', [message('theirs')])
    await other.held.hold('shop', [message('three')])
    expect(await bodies(held, 'shop')).toEqual(['one', 'two', 'three'])
    const [first, second] = await held.held('shop', '', 2)
    expect(await bodies(held, 'shop', second!.id)).toEqual(['three'])
    // Over Redis two sources may have ids alike: one that the other has not.
    const [theirs] = await held.held('till', '', 1)
    const foreign = [first!, second!].find(({ id }) => id !== theirs!.id)!
    expect(await held.release('till', [foreign.id])).toBe(0)
    expect(await held.release('shop', [first!.id, first!.id, 'none'])).toBe(1)
    expect(await bodies(other.held, 'shop')).toEqual(['two', 'three'])
    expect(await bodies(other.held, 'till')).toEqual(['theirs'])
    await other.close()
  })

  test('of more than may be held the oldest go, and so does what was held too long', async () => {
    const { held } = (await open()).store
    const agoMs = nowMs - (LIMITS.heldDays + 1) * DAY_MS
    await held.hold('shop', [message('old', agoMs), message('new')])
    expect(await bodies(held, 'shop')).toEqual(['new'])
    await held.sweep()
    await held.sweep()
    expect(await bodies(held, 'shop')).toEqual(['new'])
    const many = Array.from({ length: LIMITS.heldMax }, (_, i) => message(`m${i}`))
    await held.hold('shop', many)
    expect(await bodies(held, 'shop', '', 1)).toEqual(['m0'])
    expect(await held.held('shop', '', 2 * LIMITS.heldMax)).toHaveLength(LIMITS.heldMax)
  })

  test('what is held back survives its process', async () => {
    const opened = await open()
    await opened.store.held.hold('shop', [message('one')])
    const again = await opened.reopen()
    expect(await bodies(again.held, 'shop')).toEqual(['one'])
    await again.close()
  })
}
