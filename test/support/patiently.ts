import { vi } from 'vitest'

/**
 * Resolves with what `work` returns once it neither throws nor rejects. What is asserted must stand within
 * `work`: processes write what they counted each on its own, so one figure says nothing of another's. Patient
 * beyond what a slow machine needs; a test that holds waits for the event alone.
 */
export const patiently = <T>(work: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(work, { timeout: 50_000, interval: 25 })
