import type { Exchange } from '../../exchange/exchange.ts'
import { CHANNELS, type Channel } from './people.ts'

/** Namespace of the shop's customers, and that of who visits it, on the web and in its app. */
export const CUSTOMER = 'shop.customer'
export const VISITOR = 'shop.visitor'
export const OWNER = 'shop'
/** The segment of customers with a customer area. */
export const CLIENTS = 'clients'

const KINDS = { web: 'web', app: 'app', crm: 'crm', wifi: 'wifi', pos: 'pos' } as const
const VISITORS: Partial<Record<Channel, string>> = {
  ...{ web: VISITOR, app: VISITOR, wifi: 'shop.wifi' },
}
const TRAITS = {
  viewed: 'event == "Product Viewed"',
  carted: 'event == "Product Added"',
  bought: 'event == "Order Completed"',
  entered: 'event == "Store Entered"',
  area: 'type == "identify" AND traits.customerArea == true',
}
const RULES = {
  [CLIENTS]: 'area',
  abandoned: 'SEQUENCE(carted THEN NOT WITHIN 24H bought)',
  intenders: 'FREQUENCY([viewed] <= 7D) >= 3',
  omnichannel: 'viewed AND entered',
}

const OPERATOR = { operator: true }

/** Makes the shop with its sources, traits and rules. Resolves with the write key of each channel. */
export async function openShop({ desk }: Exchange): Promise<Record<Channel, string>> {
  const partner = { name: 'Shop', domain: 'shop.example', roles: ['advertiser'], region: 'US' }
  await desk.putPartner(OPERATOR, { id: OWNER, body: partner })
  const keys: [Channel, string][] = []
  for (const channel of CHANNELS) {
    const anonymousId = VISITORS[channel]
    const namespaces = { userId: CUSTOMER, ...(anonymousId ? { anonymousId } : {}) }
    const source = { name: channel, kind: KINDS[channel], owner: OWNER, namespaces }
    await desk.putSource(OPERATOR, { id: channel, body: source })
    keys.push([channel, (await desk.createSourceKey(OPERATOR, { source: channel, body: {} })).key])
  }
  for (const [id, when] of Object.entries(TRAITS))
    await desk.putTrait(OPERATOR, { id, body: { name: id, owner: OWNER, when, ttlDays: 90 } })
  for (const [id, rule] of Object.entries(RULES)) {
    const body = { name: id, owner: OWNER, provenance: 'first_party', ttlDays: 90, rule }
    await desk.putSegment(OPERATOR, { id, body })
  }
  return Object.fromEntries(keys) as Record<Channel, string>
}
