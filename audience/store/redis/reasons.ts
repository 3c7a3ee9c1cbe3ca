import type { StoreFinding } from '../store.ts'

/** Why the Redis store could not do what was asked. */
export const UnreachableReasons = {
  down: 'There is no connection to Redis.',
  late: 'Redis did not answer within the deadline.',
  busy: 'Too many calls are waiting for Redis already.',
  open: 'Redis failed too often just now; it is asked again in a moment.',
  dropped: 'The connection to Redis was lost before the answer came.',
  refused: 'Redis answered that it cannot do this now.',
  contended: 'The record was changed by others in every round.',
} as const
export type UnreachableReason = keyof typeof UnreachableReasons

/** Findings that only Redis can give; those common to all stores stand in ../reasons.ts. */
export const RedisFindings = {
  unchecked:
    'The settings of this Redis could not be read, so durability is not known: allow INFO.',
  buckets:
    'The URL asks for another number of buckets than this Redis was laid out with, which holds.',
  layout:
    'This Redis was laid out by another version of Passerelle: use that, or another database.',
  unremembered: 'The root secret is kept in Redis alone: make the data directory writable.',
  secret:
    'The root secret in Redis is not the one this data directory remembers: ids change with it.',
} as const
export type RedisFindingWord = keyof typeof RedisFindings

/** A finding with its sentence, and what was observed. */
export function redisFinding(finding: RedisFindingWord, observed: string): StoreFinding {
  return { finding, advice: `${RedisFindings[finding]} (${observed})` }
}
