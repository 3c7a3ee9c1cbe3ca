import { describe, expect, test } from 'vitest'
import { Breaker } from '../../../audience/store/redis/breaker.ts'
import { BREAKER } from '../../../audience/store/redis/limits.ts'

function onClock() {
  let ms = 0
  const breaker = new Breaker({ now: () => ms, elapsed: () => ms })
  return {
    breaker,
    wind: (by: number) => (ms += by),
    fail: (n: number) => times(n, () => breaker.failed()),
  }
}

function times(n: number, act: () => void): void {
  for (let i = 0; i < n; i++) act()
}

describe('the breaker', () => {
  test('opens when half of the calls of a window failed, and not before there were enough', () => {
    const { breaker, fail } = onClock()
    times(BREAKER.callsMin / 2, () => breaker.answered())
    fail(BREAKER.callsMin / 2 - 1)
    expect(breaker.admit()).toBe(true)
    fail(1)
    expect(breaker.state).toBe('open')
    expect(breaker.admit()).toBe(false)
  })

  test('forgets failures of an earlier window', () => {
    const { breaker, wind, fail } = onClock()
    fail(BREAKER.callsMin - 1)
    wind(BREAKER.windowMs)
    fail(BREAKER.callsMin - 1)
    expect(breaker.state).toBe('closed')
  })

  test('tries single probes once it was open for long enough, and closes with the first answer', () => {
    const { breaker, wind } = onClock()
    breaker.open()
    wind(BREAKER.openMs - 1)
    expect(breaker.admit()).toBe(false)
    wind(1)
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false])
    wind(BREAKER.probeEveryMs)
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false])
    breaker.answered()
    expect(breaker.state).toBe('closed')
    expect([breaker.admit(), breaker.admit()]).toEqual([true, true])
  })

  test('stays open twice as long after each failed probe, up to a bound', () => {
    const { breaker, wind } = onClock()
    breaker.open()
    for (let openMs: number = BREAKER.openMs; ; openMs = Math.min(openMs * 2, BREAKER.openMaxMs)) {
      wind(openMs - 1)
      expect(breaker.admit()).toBe(false)
      wind(1)
      expect(breaker.admit()).toBe(true)
      breaker.failed()
      if (openMs === BREAKER.openMaxMs) break
    }
    breaker.close()
    breaker.open()
    wind(BREAKER.openMs)
    expect(breaker.admit()).toBe(true)
  })

  test('a call made before it opened does not keep it open any longer', () => {
    const { breaker, wind, fail } = onClock()
    breaker.open()
    fail(BREAKER.callsMin)
    wind(BREAKER.openMs)
    expect(breaker.admit()).toBe(true)
  })
})
