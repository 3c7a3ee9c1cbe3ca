import { createHash, timingSafeEqual } from 'node:crypto'
import { idFault } from '../../audience/namespace.ts'
import { bearerOf } from '../http/bearer-of.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { PRIVATE, refuseWith } from './answers.ts'
import { type EdgeRoom, roomsOf } from './edge-room.ts'
import { Query } from './query.ts'
import { EdgeRefused } from './reasons.ts'

/** Paths of the two operators' webhooks, and the eid source each one's raw ids are known under. */
const SOURCES = { '/uid2/optout': 'uidapi.com', '/euid/optout': 'euid.eu' } as const
type WebhookPath = keyof typeof SOURCES

/**
 * GET /uid2/optout?user=<raw UID2>&optouttime=<when>: the operator of UID2 (or EUID) tells of a person who
 * opted out there (UID2 documentation, "DSP integration guide"). Answered 200 once it is durable: the
 * person, and all that its raw id is joined with, is left alone for good.
 */
export function uid2OptOutRoutes(room: EdgeRoom): Route[] {
  return (Object.keys(SOURCES) as WebhookPath[]).map((path) => ({
    method: 'GET',
    path,
    wants: ['authorization'],
    body: 'none',
    bodyBytesMax: 0,
    async handle(ask, answer) {
      try {
        await optOut(room, path, { ask, answer })
        room.metrics.answered('uid2_optout', ask.arrivedMs)
      } catch (error) {
        refuseWith(answer, error, { metrics: room.metrics, endpoint: 'uid2_optout' })
      }
    },
  }))
}

async function optOut(
  room: EdgeRoom,
  path: WebhookPath,
  { ask, answer }: { ask: Ask; answer: Answer },
): Promise<void> {
  if (room.uid2OptOutToken === undefined) throw new EdgeRefused('webhook_off')
  if (!isSame(bearerOf(ask.headers[0]!), room.uid2OptOutToken))
    throw new EdgeRefused('webhook_unauthorized')
  const { catalog } = roomsOf(room)
  const namespace = catalog.eidNamespaces.get(SOURCES[path])
  // Not lost by a 200: the operator tries again until somebody has declared the source.
  if (namespace === undefined) throw new EdgeRefused('source_undeclared', SOURCES[path])
  const value = new Query(ask.query).get('user')
  if (idFault(namespace, value) !== undefined) throw new EdgeRefused('user_missing')
  await room.sync.options.audience.suppress([{ namespace, value }], { kind: 'opt_out' })
  answer.send(200, PRIVATE)
}

function isSame(presented: string, token: string): boolean {
  return timingSafeEqual(sha256(presented), sha256(token))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
