import { expect, vi } from 'vitest'
import { packEvent } from '../../audience/events/collected-event.ts'
import type { Namespace } from '../../audience/namespace.ts'
import type { PartnerRecord } from '../../exchange/partner.ts'
import type { ConsoleWorld } from './world.ts'

const WAIT = { timeout: 30_000, interval: 50 }
let messages = 0

/** A source of dmp, with namespaces shop.anon and shop.user, and its traits `searched` (1) and `bought` (2). */
export async function shop(world: ConsoleWorld): Promise<void> {
  const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
  const body = { name: 'Shop', kind: 'web', owner: 'dmp', namespaces }
  await world.must('PUT', '/api/sources/shop', { body })
  for (const id of ['searched', 'bought'])
    await world.must('PUT', `/api/traits/${id}`, {
      body: { name: id, owner: 'dmp', when: `event == "${id}"`, ttlDays: 30 },
    })
}

/** Visitors of the shop showed a trait, some time ago, and it was counted. */
export async function collected(
  world: ConsoleWorld,
  events: readonly [visitor: string, trait: number, agoMs?: number][],
): Promise<void> {
  const snapshot = world.audience.feed.current()!
  const owner = (snapshot.kind('partner').get('dmp')!.value as PartnerRecord).number
  const namespace = (snapshot.kind('namespace').get('shop.anon')!.value as Namespace).number
  const queued = events.map(([value, trait, agoMs = 0]) =>
    packEvent({
      ...{ source: 'shop', owner, messageId: `message-${++messages}`, traits: [trait] },
      ...{ about: { namespace, value }, atMs: world.clock.now() - agoMs },
    }),
  )
  const before = world.events.counts().counted
  await world.store.events.append(queued)
  await vi.waitFor(() => expect(world.events.counts().counted).toBe(before + queued.length), WAIT)
}
