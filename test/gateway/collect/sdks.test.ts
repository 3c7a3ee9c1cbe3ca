import RudderAnalytics from '@rudderstack/rudder-sdk-node'
import { Analytics } from '@segment/analytics-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CollectedEvent, unpackEvent } from '../../../audience/events/collected-event.ts'
import { EdgeHouse, OPERATOR } from '../../support/edge-house.ts'

// Unmodified SDKs of Segment and RudderStack, pointed at the browser door.

let house: EdgeHouse
let writeKey: string
let host: string

beforeAll(async () => {
  house = await EdgeHouse.open()
  const { desk } = house.exchange
  const partner = { name: 'x', domain: 'x.example', roles: ['dmp'], region: 'US' }
  await desk.putPartner(OPERATOR, { id: 'dmp', body: partner })
  const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
  const source = { name: 'Server', kind: 'server', owner: 'dmp', namespaces }
  await desk.putSource(OPERATOR, { id: 'server', body: source })
  const traits = {
    added: 'event == "Product Added" AND properties.price >= 100',
    auto: 'type == "identify" AND traits.plan == "auto"',
  }
  for (const [id, when] of Object.entries(traits))
    await desk.putTrait(OPERATOR, { id, body: { name: id, owner: 'dmp', when, ttlDays: 30 } })
  writeKey = (await desk.createSourceKey(OPERATOR, { source: 'server', body: {} })).key
  host = `http://127.0.0.1:${house.door.port}`
})
afterAll(() => house.close())

async function queued(): Promise<CollectedEvent[]> {
  const { events } = house.store
  const found = await events.read(100)
  await events.ack(found.map(({ id }) => id))
  return found.map(({ body }) => unpackEvent(body)!)
}

const EXPECTED = [
  { about: 'u1', sameAs: undefined, traits: [2] },
  { about: 'u1', sameAs: 'a1', traits: [1] },
  { about: 'u1', sameAs: 'a2', traits: [] },
]
const inShort = (events: readonly CollectedEvent[]) =>
  events.map(({ about, sameAs, traits }) => ({
    ...{ about: about.value, sameAs: sameAs?.value, traits },
  }))

const ADDED = { event: 'Product Added', properties: { sku: 'S1', price: 199.9 } }

test('@segment/analytics-node delivers', async () => {
  const analytics = new Analytics({ writeKey, host, path: '/v1/batch' })
  const failures: unknown[] = []
  analytics.on('error', (error) => failures.push(error))
  analytics.identify({ userId: 'u1', traits: { plan: 'auto' } })
  analytics.track({ userId: 'u1', anonymousId: 'a1', ...ADDED })
  analytics.alias({ userId: 'u1', previousId: 'a2' })
  await analytics.closeAndFlush()
  expect(failures).toEqual([])
  expect(inShort(await queued())).toEqual(EXPECTED)
})

test('@rudderstack/rudder-sdk-node delivers', async () => {
  const analytics = new RudderAnalytics(writeKey, { dataPlaneUrl: host, flushAt: 3 })
  analytics.identify({ userId: 'u1', traits: { plan: 'auto' } })
  analytics.track({ userId: 'u1', anonymousId: 'a1', ...ADDED })
  analytics.alias({ userId: 'u1', previousId: 'a2' })
  await new Promise<void>((resolve, reject) => {
    analytics.flush((error?: Error) => (error ? reject(error) : resolve()))
  })
  await expect.poll(() => house.store.events.depth()).toBe(3)
  expect(inShort(await queued())).toEqual(EXPECTED)
})
