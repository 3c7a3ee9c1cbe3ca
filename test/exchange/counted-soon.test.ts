import { afterEach, expect, test, vi } from 'vitest'
import type { Reach } from '../../audience/reach/reach.ts'
import { countedSoon } from '../../exchange/desk/counted-soon.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { refusal } from './world.ts'

afterEach(() => void vi.useRealTimers())

test('who waits too long while people are counted is told how far that is', async () => {
  vi.useFakeTimers()
  const reach = {
    upToDate: () => new Promise(() => {}),
    progress: () => ({ isReady: false, ids: 1_234, part: 'edges' }),
  }
  const refused = refusal(() => countedSoon(reach as unknown as Reach))
  await vi.advanceTimersByTimeAsync(LIMITS.reachWaitMsMax)
  const { word, message } = await refused
  expect(word).toBe('conflict')
  expect(message).toContain('1234 ids so far, reading edges')
})
