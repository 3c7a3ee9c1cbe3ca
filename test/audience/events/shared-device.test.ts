import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CollectedEvent } from '../../../audience/events/collected-event.ts'
import { LIMITS } from '../../../audience/limits.ts'
import { EMAIL_HASH } from '../../../audience/namespace.ts'
import { ANONYMOUS, EventWorld, OWNER, USER } from './event-world.ts'

// Who is one person where several people use one device, and to whom what is done there anonymously goes.

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

let world: EventWorld
beforeEach(async () => {
  world = await EventWorld.open()
  await world.rules({ searched: {} }, { searchers: { rule: 'FREQUENCY([searched]) >= 1' } })
  const value = (name: string, number: number, kind: string) => ({
    name,
    number,
    kind,
    owner: 'dmp',
  })
  await world.store.catalog.write([
    { kind: 'namespace', id: 'shop.anon', value: value('shop.anon', ANONYMOUS, 'source') },
    {
      kind: 'namespace',
      id: 'shop.user',
      value: { ...value('shop.user', USER, 'crm'), maxPerPerson: 1 },
    },
  ])
  await world.audience.feed.poke()
})
afterEach(() => world.close())

/** A customer signs in on a device, so many hours after the world began. */
function signIn(user: string, device: string, hours: number): CollectedEvent {
  const atMs = Date.UTC(2026, 2, 2, 9) + hours * HOUR_MS
  return world.event(user, [], { atMs, sameAs: { namespace: ANONYMOUS, value: device } })
}

/** Something that shows trait 1, done without signing in. */
const search = (device: string) => world.event(device, [1])

async function personOf(value: string): Promise<string[]> {
  const namespace = value.startsWith('u') ? USER : ANONYMOUS
  const { ids } = await world.audience.known([{ namespace, value }])
  return ids.map((id) => id.value).sort()
}

async function parkedAt(value: string): Promise<number[]> {
  const { parked } = await world.audience.known([{ namespace: ANONYMOUS, value }])
  return parked.map(({ claim }) => claim.parked)
}

test('what is done anonymously goes to whoever signed in last, and with the device to the next', async () => {
  world.clock.wind(5 * HOUR_MS)
  await world.collect(signIn('u1', 'tablet', 0), search('tablet'))
  expect([await world.segments('u1'), await personOf('u1')]).toEqual([[], ['tablet', 'u1']])
  // Who has no history of its own has the device's: the person is in the segment over the match.
  expect(await world.segments('tablet')).toEqual([101])
  await world.collect(signIn('u2', 'tablet', 1))
  expect([await personOf('u1'), await personOf('u2')]).toEqual([['u1'], ['tablet', 'u2']])
  await world.collect(signIn('u1', 'tablet', 2))
  expect([await personOf('u1'), await personOf('u2')]).toEqual([['tablet', 'u1'], ['u2']])
  expect(world.desk.counts().linkParked.another_customer).toBeGreaterThan(0)
})

test('what a customer does signed in stays the customer’s, whoever uses the device next', async () => {
  world.clock.wind(5 * HOUR_MS)
  const own = world.event('u1', [1], { sameAs: { namespace: ANONYMOUS, value: 'tablet' } })
  await world.collect(own)
  await world.collect(signIn('u2', 'tablet', 5.001))
  expect([await world.segments('u1'), await world.segments('u2')]).toEqual([[101], []])
})

test('sign-ins that come late or twice change nothing', async () => {
  world.clock.wind(5 * HOUR_MS)
  await world.collect(signIn('u1', 'tablet', 0), signIn('u1', 'tablet', 3))
  await world.collect(signIn('u2', 'tablet', 2))
  expect(await personOf('tablet')).toEqual(['tablet', 'u1'])
  await world.collect(signIn('u2', 'tablet', 4), signIn('u1', 'tablet', 1))
  expect(await personOf('tablet')).toEqual(['tablet', 'u2'])
})

test('a kiosk is nobody’s, and fuses nobody', async () => {
  world.clock.wind(50 * HOUR_MS)
  for (let n = 0; n <= LIMITS.customersPerIdMax; n++)
    await world.collect(signIn(`u${n}`, 'kiosk', n), signIn(`u${n}`, `phone${n}`, n))
  await world.collect(search('kiosk'))
  expect(await personOf('kiosk')).toEqual(['kiosk'])
  expect(await personOf('u0')).toEqual(['phone0', 'u0'])
  expect(new Set(await parkedAt('kiosk'))).toEqual(new Set([2]))
  expect(world.desk.counts().linkParked.shared_id).toBeGreaterThan(0)
  // One of them is erased: as many are left as one device may have had.
  await world.audience.suppress([{ namespace: USER, value: 'u0' }], { kind: 'erased' })
  expect(await personOf('kiosk')).toEqual(['kiosk', 'phone5', 'u5'])
})

test('an address that two customers gave is the later one’s', async () => {
  world.clock.wind(5 * HOUR_MS)
  const contact = { namespace: EMAIL_HASH.number, value: 'ab'.repeat(32) }
  const gave = (user: string, hours: number) =>
    world.event(user, [], {
      ...{ atMs: Date.UTC(2026, 2, 2, 9) + hours * HOUR_MS, contacts: [contact] },
    })
  await world.collect(gave('u2', 2))
  await world.collect(gave('u1', 1))
  const { ids } = await world.audience.known([contact])
  expect(ids.map(({ value }) => value)).toContain('u2')
  expect(ids.map(({ value }) => value)).not.toContain('u1')
})

test('a match that is taken back by hand is made again where somebody signs in again', async () => {
  world.clock.wind(5 * HOUR_MS)
  await world.collect(signIn('u1', 'tablet', 0), signIn('u2', 'tablet', 1))
  const at = { namespace: ANONYMOUS, value: 'tablet' }
  const from = { namespace: USER, value: 'u2' }
  expect(await world.audience.unmerge({ at, from, owner: OWNER })).toBe(1)
  expect(await personOf('tablet')).toEqual(['tablet', 'u1'])
  expect(await world.audience.unmerge({ at, from, owner: OWNER })).toBe(0)
  await world.desk.poke()
  await world.collect(signIn('u2', 'tablet', 1))
  expect(await personOf('tablet')).toEqual(['tablet', 'u2'])
})

test('the last customer’s match ends, and the device is the one’s before whose match holds longer', async () => {
  world.clock.wind(5 * HOUR_MS)
  const claim = (user: string, hours: number, days: number) => {
    const atMs = world.clock.now() - hours * HOUR_MS
    const day = Math.floor(atMs / DAY_MS)
    return {
      ...{ a: { namespace: USER, value: user }, b: { namespace: ANONYMOUS, value: 'tablet' } },
      ...{ owner: OWNER, method: 3, atMs, firstSeenDay: day, lastSeenDay: day },
      expiryDay: day + days,
    }
  }
  await world.audience.claim([claim('u1', 2, 30), claim('u2', 1, 3)])
  expect(await personOf('tablet')).toEqual(['tablet', 'u2'])
  world.clock.wind(4 * DAY_MS)
  await world.desk.poke()
  expect(await personOf('tablet')).toEqual(['tablet', 'u1'])
})
