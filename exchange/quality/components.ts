import type { SourceDays } from './read-source-days.ts'

/** One share of what comes from a source that is as it should be. */
interface Component {
  /** What it counts for in the score, beside the others that have something to divide by. */
  weight: number
  says: string
  /** Numerator and denominator. */
  of(days: SourceDays): [count: number, of: number]
}

/** What a data quality score is made of: each as its numerator of its denominator. */
export const COMPONENTS = {
  fresh: {
    weight: 2,
    says: 'Days with a valid message, of the days since the first one of the period. Low: it comes with gaps, or has stopped.',
    of: ({ active, since }) => [active, since],
  },
  volume: {
    weight: 1,
    says: 'Valid messages of the last whole day, of as many as came on an average of the 28 days before it. More than usual counts as usual.',
    of: ({ lastDay, usual }) => [Math.min(lastDay, usual), usual],
  },
  valid: {
    weight: 3,
    says: 'Messages that could be read, of those that may be kept. Low: its messages are refused; the answers it gets name why.',
    of: ({ sum }) => [sum.valid, sum.received - sum.denied],
  },
  unique: {
    weight: 2,
    says: 'Events that had not been counted before, of all that were processed. Low: it sends the same messageId again.',
    of: ({ sum }) => [sum.counted, sum.counted + sum.repeated],
  },
  on_time: {
    weight: 1,
    says: 'Valid messages that came within 24 hours of what they tell of.',
    of: ({ sum }) => [sum.valid - sum.late, sum.valid],
  },
  clock: {
    weight: 1,
    says: 'Valid messages sent within five minutes of our clock, of those that say when they were sent.',
    of: ({ sum }) => [sum.stamped - sum.skewed, sum.stamped],
  },
  consent: {
    weight: 3,
    says: 'Messages that say something of consent, of all. Where they do not, the source’s gdprDefault stands for it.',
    of: ({ sum }) => [sum.consented, sum.received],
  },
  permitted: {
    weight: 0,
    says: 'Messages that may be kept, of all. For information: a no is no fault of the source.',
    of: ({ sum }) => [sum.received - sum.denied, sum.received],
  },
  human: {
    weight: 2,
    says: 'Valid messages whose user agent is no robot’s, of those that name one.',
    of: ({ sum }) => [sum.agents - sum.robots, sum.agents],
  },
  planned: {
    weight: 2,
    says: 'Valid messages that are as the tracking plan says, of those that were asked of one.',
    of: ({ sum }) => [sum.planned - sum.unplanned, sum.planned],
  },
  identified: {
    weight: 1,
    says: 'Valid messages that name a customer.',
    of: ({ sum }) => [sum.identified, sum.valid],
  },
  matched: {
    weight: 1,
    says: 'Events about somebody who is known by another id, too, of all that were counted.',
    of: ({ sum }) => [sum.matched, sum.counted],
  },
} as const satisfies Record<string, Component>
export type ComponentName = keyof typeof COMPONENTS
export const COMPONENT_NAMES = Object.keys(COMPONENTS) as ComponentName[]
