import { StoreFailed } from '../../audience/store/store-failed.ts'
import { type Answer, type Route, TOO_LARGE } from '../http/door.ts'
import type { EdgeMetrics, Endpoint } from './edge-metrics.ts'
import { type EdgeRefusal, EdgeRefused, refusalOf } from './reasons.ts'

/** What every answer to a browser carries: no cache may give one visitor what another was told. */
export const PRIVATE = [
  'cache-control',
  'no-store, private',
  'x-content-type-options',
  'nosniff',
  'referrer-policy',
  'no-referrer',
] as const

/** On top, for what is loaded into pages of other sites. */
export const EMBEDDED = [...PRIVATE, 'cross-origin-resource-policy', 'cross-origin'] as const

/** A page of another site may read the answer: exactly the one that asked, with its visitor's cookies. */
export function corsFor(origin: string): string[] {
  if (!/^https?:\/\/[!-~]{1,512}$/.test(origin)) return ['vary', 'origin']
  return [
    'access-control-allow-origin',
    origin,
    'access-control-allow-credentials',
    'true',
    'vary',
    'origin',
  ]
}

/** Why, and when to ask again, stand in headers that a page's script may read only where it is said. */
export const READABLE = [
  'access-control-expose-headers',
  'retry-after, x-passerelle-reason',
] as const

/** What a refusal carries whose reason is in its headers. */
export function readableFor(origin: string): string[] {
  return [...PRIVATE, ...corsFor(origin), ...READABLE]
}

/** A body too long: a page may read that, or its script takes it for a network that failed. `at`: where `origin` stands among the headers. */
export function tooLargeFor(at: number): NonNullable<Route['tooLarge']> {
  return ({ headers }) => ({
    headers: [...readableFor(headers[at]!), ...TOO_LARGE.headers],
    body: '',
  })
}

/** Answers a refusal; anything else that was thrown goes on to the door, which answers 500. */
export function refuseWith(
  answer: Answer,
  error: unknown,
  { metrics, endpoint, headers = [] }: RefusedAt,
): void {
  const { reason, message } = asRefused(error)
  metrics.refused(endpoint, reason)
  const type = ['content-type', 'text/plain; charset=utf-8', 'x-passerelle-reason', reason]
  answer.send(refusalOf(reason).status, [...PRIVATE, ...headers, ...type], message)
}

export interface RefusedAt {
  metrics: EdgeMetrics
  endpoint: Endpoint
  headers?: readonly string[]
}

/** What the store rejects with is told as such: it is out of reach, or busy. */
function asRefused(error: unknown): { reason: EdgeRefusal; message: string } {
  if (error instanceof EdgeRefused) return error
  if (error instanceof StoreFailed) return new EdgeRefused('store_away')
  throw error
}
