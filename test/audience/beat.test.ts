import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { everyBeat } from '../../audience/beat.ts'

const ends: (() => void)[] = []
const every = (ms: number, run: () => void) => void ends.push(everyBeat(ms, run))

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

test('what is done every so often is done so often, whatever else there is', () => {
  const counts = new Map<number, number>()
  for (const ms of [50, 100, 250, 1_000, 20, 70])
    every(ms, () => counts.set(ms, (counts.get(ms) ?? 0) + 1))
  vi.advanceTimersByTime(7_000)
  expect(Object.fromEntries(counts)).toEqual({
    ...{ 50: 140, 100: 70, 250: 28, 1000: 7 },
    ...{ 20: 350, 70: 100 },
  })
})

test('one timer wakes the process for all that goes by a multiple of 50 ms, whenever it began', () => {
  every(50, () => {})
  vi.advanceTimersByTime(30)
  for (const ms of [50, 200, 500, 1_000]) every(ms, () => {})
  expect(vi.getTimerCount()).toBe(1)
  every(20, () => {})
  expect(vi.getTimerCount()).toBe(2)
})

test('what ended runs no more, not even at the beat at which it ended', () => {
  const ran: string[] = []
  every(50, () => {
    ran.push('first')
    endSecond()
  })
  const endSecond = everyBeat(50, () => ran.push('second'))
  vi.advanceTimersByTime(100)
  expect(ran).toEqual(['first', 'first'])
  endSecond()
})
