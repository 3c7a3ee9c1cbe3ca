import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAllowedOrigin } from '../../../gateway/prebid/is-allowed-origin.ts'
import { PagePace } from '../../../gateway/prebid/page-pace.ts'

test('in no stretch of time is more let through than a burst and what came back meanwhile', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), steps, (perSecond, waits) => {
      const pace = new PagePace()
      const origins: string[] = []
      let nowMs = 1_000
      const taken: number[] = []
      for (const waitMs of waits) {
        nowMs += waitMs
        if (pace.take('a', { origins, perSecond }, nowMs)) taken.push(nowMs)
      }
      for (const [i, from] of taken.entries())
        for (const [more, to] of taken.slice(i).entries())
          expect(more + 1).toBeLessThanOrEqual(perSecond + ((to - from) / 1000) * perSecond + 1e-6)
    }),
  )
})

test('a key has its own pace', () => {
  const pace = new PagePace()
  const page = { origins: [], perSecond: 1 }
  const take = (key: string) => pace.take(key, page, 5_000)
  expect([take('a'), take('a'), take('b')]).toEqual([true, false, true])
})

test('a star stands for hosts below a domain, and for nothing else', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 3 }), (labels) => {
      const host = labels.join('.')
      const allowed = ['https://*.news.example']
      expect(isAllowedOrigin(`https://${host}.news.example`, allowed)).toBe(true)
      for (const other of [`https://${host}news.example`, `https://news.example.${host}`])
        expect([other, isAllowedOrigin(other, allowed)]).toEqual([other, false])
    }),
  )
})
