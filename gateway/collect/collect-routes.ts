import { EVENT_LIMITS } from '../../audience/events/limits.ts'
import type { MessageType } from '../../audience/events/read-message.ts'
import { looksPersonal } from '../../audience/identity/personal-value.ts'
import { Remembered } from '../../audience/remembered.ts'
import { QueueFull } from '../../audience/store/event-stores.ts'
import { StoreFailed } from '../../audience/store/store-failed.ts'
import type { Collected, MessageFault } from '../../exchange/collect/collector.ts'
import type { CollectSource } from '../../exchange/collect/source-ring.ts'
import { corsFor, PRIVATE, READABLE } from '../edge/answers.ts'
import { EDGE_LIMITS } from '../edge/limits.ts'
import { sendPixel } from '../edge/pixel.ts'
import { isGpcHeader } from '../edge/privacy.ts'
import { Query } from '../edge/query.ts'
import { scriptRoute } from '../edge/script-route.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { CollectMetrics } from './collect-metrics.ts'
import type { CollectDoorRoom, CollectOptions } from './collect-room.ts'
import { Denials } from './denials.ts'
import { pixelMessage } from './pixel-message.ts'
import { type ReadDelivery, readDelivery } from './read-delivery.ts'
import { type CollectRefusal, CollectRefusals, CollectRefused } from './reasons.ts'
import { settingsRoute } from './settings.ts'

/** Paths of the Segment HTTP tracking API with their short forms, and what comes to each. */
const ENDPOINTS: Record<string, MessageType | 'batch'> = {
  ...{ '/v1/track': 'track', '/v1/t': 'track', '/v1/identify': 'identify', '/v1/i': 'identify' },
  ...{ '/v1/page': 'page', '/v1/p': 'page', '/v1/screen': 'screen', '/v1/s': 'screen' },
  ...{ '/v1/group': 'group', '/v1/g': 'group', '/v1/alias': 'alias', '/v1/a': 'alias' },
  ...{ '/v1/batch': 'batch', '/v1/b': 'batch', '/beacon/v1/batch': 'batch' },
  // Where apps with Segment's SDK for Android send.
  '/v1/import': 'batch',
}

const WANTS = [
  'authorization',
  'content-encoding',
  'sec-gpc',
  'origin',
  'access-control-request-headers',
] as const
const [AUTHORIZATION, CODING, SEC_GPC, ORIGIN, ASKED] = [0, 1, 2, 3, 4] as const
const JSON_TYPE = ['content-type', 'application/json'] as const
/** Faults named in one answer. */
const FAULTS_NAMED_MAX = 100

/** What senders of events are served: see docs/endpoints/collect.md. */
export function collectRoutes({
  metrics,
  edgeUrl,
  tagScript,
  ...options
}: CollectOptions): Route[] {
  const denials = new Denials(options)
  const room: CollectDoorRoom = { ...options, metrics: new CollectMetrics(metrics), denials }
  const paths = Object.entries(ENDPOINTS)
  return [
    ...paths.flatMap(([path, type]) => [postRoute(room, path, type), preflightRoute(path)]),
    pixelRoute(room),
    settingsRoute(room, edgeUrl),
    // tag/: its address says what it is told (tag/settings.ts).
    scriptRoute('/tag.js', tagScript),
  ]
}

function postRoute(room: CollectDoorRoom, path: string, type: MessageType | 'batch'): Route {
  return {
    method: 'POST',
    path,
    wants: WANTS,
    body: 'whole',
    bodyBytesMax: EVENT_LIMITS.batchBytesMax,
    // As every refusal here, so that a page's SDK reads why and does not send it again.
    tooLarge({ headers }) {
      const { reason, message } = new CollectRefused('too_large')
      room.metrics.refused(reason)
      return {
        headers: [...HEADERS.of(headers[ORIGIN]!), 'x-passerelle-reason', reason],
        body: JSON.stringify({ success: false, reason, message }),
      }
    },
    async handle(ask, answer) {
      const headers = HEADERS.of(ask.headers[ORIGIN]!)
      try {
        await room.collector.catchUp()
        answer.send(200, headers, acceptance(await takeDelivery(room, ask, type)))
      } catch (error) {
        refuse(room, { answer, headers, error })
      }
    },
  }
}

/** What every answer to a sender carries, by the origin of its page. */
const HEADERS = new Remembered(EDGE_LIMITS.originsRemembered, (origin) => [
  ...[...PRIVATE, ...senderCors(origin), ...READABLE, ...JSON_TYPE],
])

/**
 * Apps and sandboxed frames send from `null`, `capacitor://…` and the like. Whoever cannot read the answer sends the
 * same again; it tells nobody but of the messages that were sent, and is asked for without cookies.
 */
function senderCors(origin: string): string[] {
  const isPage = /^https?:/.test(origin)
  return isPage ? corsFor(origin) : ['access-control-allow-origin', '*', 'vary', 'origin']
}

/** Browsers ask first, because of the header Authorization; SDKs bring headers of their own. */
function preflightRoute(path: string): Route {
  return {
    method: 'OPTIONS',
    path,
    wants: WANTS,
    body: 'none',
    bodyBytesMax: 0,
    handle(ask, answer) {
      const asked = ask.headers[ASKED]!
      const names = /^[A-Za-z0-9_\-, ]{1,512}$/.test(asked) ? asked : 'authorization, content-type'
      const allowed = [
        'access-control-allow-methods',
        'POST',
        'access-control-allow-headers',
        names,
      ]
      const kept = ['access-control-max-age', '86400']
      answer.send(204, [...PRIVATE, ...senderCors(ask.headers[ORIGIN]!), ...allowed, ...kept])
    },
  }
}

/** GET /c.gif?…: one message in a query. An image once it is taken, else what is wrong. */
function pixelRoute(room: CollectDoorRoom): Route {
  return {
    method: 'GET',
    path: '/c.gif',
    wants: WANTS,
    body: 'none',
    bodyBytesMax: 0,
    async handle(ask, answer) {
      try {
        const query = new Query(ask.query)
        if (isPersonal(query)) throw new CollectRefused('personal_in_url')
        const message = pixelMessage(query)
        const delivery = { fields: message, messages: [message], bytes: 0 }
        const gpc = hasGpc(ask)
        await room.collector.catchUp()
        const source = sourceOf(room, query.get('writeKey'))
        await takeFrom(room, source, { delivery, type: undefined, gpc })
        sendPixel(answer, 'redirect')
      } catch (error) {
        refuse(room, { answer, headers: [...PRIVATE, ...JSON_TYPE], error })
      }
    },
  }
}

function isPersonal(query: Query): boolean {
  return [...query.names()].some((name) => query.all(name).some(looksPersonal))
}

/** Resolves with what became of some of its messages once the others are durable. */
function takeDelivery(
  room: CollectDoorRoom,
  ask: Ask,
  type: MessageType | 'batch',
): Promise<Collected> {
  const isBatch = type === 'batch'
  const delivery = readDelivery(ask.body, { coding: ask.headers[CODING]!, isBatch })
  const source = sourceOf(room, writeKeyOf(ask, delivery.fields))
  return takeFrom(room, source, { delivery, type: isBatch ? undefined : type, gpc: hasGpc(ask) })
}

/** Resolves like `takeDelivery`. What came is let go of before the store is waited for. */
function takeFrom(
  room: CollectDoorRoom,
  source: CollectSource,
  { delivery, type, gpc }: { delivery: ReadDelivery; type: MessageType | undefined; gpc: boolean },
): Promise<Collected> {
  if (room.collector.isBusy) throw new CollectRefused('queue_full')
  const { messages, fields, bytes } = delivery
  const count = messages.length
  const sentAt = fields['sentAt']
  const permits = (message: unknown) => {
    const denied = room.denials.of(message, source, gpc)
    if (denied !== 0) room.metrics.denied(denied)
    return denied === 0
  }
  const taken = { messages, type, sentAt, bytes, permits, saysConsent: gpc }
  return room.collector.collect(source, taken).then((collected) => counted(room, count, collected))
}

function counted({ metrics }: CollectDoorRoom, count: number, collected: Collected): Collected {
  const { faults, unplanned } = collected
  metrics.taken(count - faults.length - unplanned.length, faults.length)
  for (const { mode } of unplanned) metrics.unplanned(mode)
  if (faults.length === count && count > 0) throw refusalOfAll(faults)
  return collected
}

/** Basic authorization names the key as its user; else the body does, or the query (beacons). */
function writeKeyOf({ headers, query }: Ask, fields: Record<string, unknown>): string {
  const authorization = headers[AUTHORIZATION]!
  const basic = authorization === '' ? undefined : BASIC_KEYS.of(authorization)
  if (basic) return basic
  const { writeKey } = fields
  return typeof writeKey === 'string' ? writeKey : new Query(query).get('writeKey')
}

const BASIC_KEYS = new Remembered(EDGE_LIMITS.keysRemembered, (authorization) => {
  const [, basic] = /^basic +([A-Za-z0-9+/_=-]{1,1024})$/i.exec(authorization) ?? []
  return basic && Buffer.from(basic, 'base64').toString('latin1').split(':', 1)[0]!
})

function sourceOf({ collector }: CollectDoorRoom, writeKey: string): CollectSource {
  if (!collector.isReady) throw new CollectRefused('starting')
  const source = collector.source(writeKey)
  if (source === undefined) throw new CollectRefused('unknown_write_key')
  return source
}

function hasGpc({ headers }: Ask): boolean {
  return isGpcHeader(headers[SEC_GPC]!)
}

/** What a plan kept out is no error of the request: whoever sent it would only send it again. */
function acceptance({ faults, unplanned }: Collected): string {
  if (faults.length === 0 && unplanned.length === 0) return ACCEPTED
  return JSON.stringify({
    success: true,
    ...(faults.length > 0
      ? { rejected: faults.length, errors: faults.slice(0, FAULTS_NAMED_MAX) }
      : {}),
    ...(unplanned.length > 0 ? { unplanned: unplanned.slice(0, FAULTS_NAMED_MAX) } : {}),
  })
}

const ACCEPTED = JSON.stringify({ success: true })

function refusalOfAll(faults: readonly MessageFault[]): CollectRefused {
  const [{ field, reason } = { field: '', reason: '' }] = faults
  return new CollectRefused('bad_message', `: ${field} ${reason}`.replace(':  ', ': '))
}

function refuse(
  { metrics }: CollectDoorRoom,
  { answer, headers, error }: { answer: Answer; headers: readonly string[]; error: unknown },
): void {
  const { reason, message } = refusalOf(error)
  metrics.refused(reason)
  const { status } = CollectRefusals[reason]
  const isWorthAgain = status === 429 || status === 503
  const again = isWorthAgain ? ['retry-after', String(EVENT_LIMITS.retryAfterS)] : []
  const body = JSON.stringify({ success: false, reason, message })
  answer.send(status, [...headers, ...again, 'x-passerelle-reason', reason], body)
}

function refusalOf(error: unknown): { reason: CollectRefusal; message: string } {
  if (error instanceof CollectRefused) return error
  if (error instanceof QueueFull) return new CollectRefused('queue_full')
  if (error instanceof StoreFailed) return new CollectRefused('store_away')
  throw error
}
