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

test('it rests where nobody asks for a second, and looks again with the next request', () => {
  overload = new Overload(clock)
  for (let i = 0; i < 10; i++) tickLate(2 * BID_LIMITS.lagMsMax)
  for (let i = 0; i < 60; i++) tickLate(0)
  expect(overload.isLooking).toBe(false)
  expect(overload.isBehind).toBe(false)
  expect(overload.isLooking).toBe(true)
  elapsedMs += 60_000
  for (let i = 0; i < 200; i++) {
    tickLate(0)
    expect(overload.isBehind).toBe(false)
  }
  expect(overload.isLooking).toBe(true)
})
