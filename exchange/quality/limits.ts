import { DAY_MS } from '../../audience/clock.ts'

/** Bounds of data quality, and where its components draw a line: each with what happens there. */
export const QUALITY_LIMITS = {
  /** Sources one process counts between two writes; messages of further ones are in no score, which is counted. */
  sourcesMax: 4_096,
  /** Older than this when it comes, a message is late. */
  lateMs: DAY_MS,
  /** A sender's clock that is off by more than this is wrong. */
  skewMs: 300_000,
  /** User agents of which it is remembered whether they are robots'; with more it is begun anew. */
  agentsMax: 5_000,
  /** Characters of a user agent that are looked at. */
  agentCharsMax: 512,
  /** Days before the last whole one that say how much usually comes. */
  baselineDays: 28,
  /** Without a message for so long, a visit is over. */
  visitGapMs: 1_800_000,
  /** Visits under way that one process tells apart; those of further people are not counted. */
  visitsMax: 100_000,
} as const
