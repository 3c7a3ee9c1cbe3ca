import type { CollectedEvent } from './collected-event.ts'
import type { SourceLearned } from './learn.ts'

/** Told of what the desk makes of events. */
export interface SourceObserver {
  /** What came of the events of one source. */
  add(source: { id: string; owner: number }, learned: SourceLearned): void
  /** These were processed by now: what they made stands in the store. */
  processed?(events: readonly CollectedEvent[], nowMs: number): void
}
