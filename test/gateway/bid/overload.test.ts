import { afterEach, expect, test } from 'vitest'
import { BID_LIMITS } from '../../../gateway/bid/limits.ts'
import { Overload } from '../../../gateway/bid/overload.ts'

let elapsedMs = 0
const clock = { now: () => 0, elapsed: () => elapsedMs }
let overload: Overload

afterEach(() => overload.close())

function tickLate(lateMs: number): void {
  elapsedMs += 20 + lateMs
  overload.tick()
}

test('one late tick, however late, turns nobody away', () => {
  overload = new Overload(clock)
  tickLate(60_000)
  expect(overload.isBehind).toBe(false)
})

test('a queue that stands does, and what is over is over', () => {
  overload = new Overload(clock)
  for (let i = 0; i < 10; i++) tickLate(2 * BID_LIMITS.lagMsMax)
  expect(overload.isBehind).toBe(true)
  for (let i = 0; i < 10; i++) tickLate(0)
  expect(overload.isBehind).toBe(false)
})
