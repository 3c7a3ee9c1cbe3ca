import type { ContractBody } from './contract.ts'
import type { DealBody } from './deal.ts'
import { putContract } from './desk/contracts.ts'
import { putDeal } from './desk/deals.ts'
import { type Actor, type DeskDeps, snapshotOf } from './desk/desk.ts'
import { deleteKey, keepKey } from './desk/keys.ts'
import { putPartner } from './desk/partners.ts'
import { putSegment } from './desk/segments.ts'
import { hashKey, type KeyRecord } from './key.ts'
import type { PartnerBody } from './partner.ts'

/** The key of the demo world's buyer: everybody knows it, so it lives only where demo is on. */
export const DEMO_KEY = 'demo-dsp-key'

/** One line of an import, as `POST /api/memberships` takes it. */
export interface DemoMembership {
  source: string
  uid: string
  add: string[]
  ttlDays: number
}

const OPERATOR: Actor = { operator: true }

const PARTNERS: Record<string, PartnerBody> = {
  'ssp-demo': {
    name: 'Demo exchange',
    domain: 'ssp-demo.example',
    roles: ['ssp'],
    region: 'US',
    gdprDefault: 0,
  },
  'dmp-demo': {
    name: 'Demo data provider',
    domain: 'dmp-demo.example',
    roles: ['data_provider'],
    region: 'US',
    gdprDefault: 0,
  },
  'dsp-demo': {
    name: 'Demo buyer',
    domain: 'dsp-demo.example',
    roles: ['dsp'],
    region: 'US',
    gdprDefault: 0,
    exchange: 'ssp-demo',
  },
}

const SEGMENTS: Record<string, string> = {
  'demo-new-cars': 'Looking for a new car',
  'demo-car-insurance': 'Comparing car insurance',
  /** In no contract: no buyer ever sees it, whoever is in it. */
  'demo-not-for-sale': 'Not for sale',
}

const CONTRACT: ContractBody = {
  seller: 'dmp-demo',
  buyer: 'dsp-demo',
  segments: ['demo-new-cars', 'demo-car-insurance'],
  price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
  uses: ['bid_enrichment'],
  startsAt: '2020-01-01T00:00:00Z',
  endsAt: '2099-01-01T00:00:00Z',
  /** So that the first request already shows in `/api/usage`. */
  billOn: 'delivered',
  status: 'active',
}

const DEAL: DealBody = {
  name: 'New car buyers',
  seller: 'dmp-demo',
  exchange: 'ssp-demo',
  audience: { any: ['demo-new-cars'] },
  bidfloor: '1.50',
  bidfloorcur: 'EUR',
  at: 1,
  buyers: ['dsp-demo'],
}

const PEOPLE: Record<string, string[]> = {
  'demo-user-1': ['demo-new-cars', 'demo-car-insurance', 'demo-not-for-sale'],
  'demo-user-2': ['demo-new-cars'],
  'demo-user-3': ['demo-car-insurance'],
  'demo-user-4': ['demo-not-for-sale'],
  'demo-user-5': ['demo-car-insurance', 'demo-not-for-sale'],
}

/**
 * Seeds the demo world through the desk's verbs. What is there already is left as it is, so
 * that a second start changes nothing and a seeding that broke off is completed.
 */
export async function seedDemoWorld(
  deps: DeskDeps,
  assign: (memberships: readonly DemoMembership[]) => Promise<void>,
): Promise<void> {
  await deps.feed.poke()
  const missing = (kind: string, id: string) => !snapshotOf(deps).kind(kind).has(id)
  for (const [id, body] of Object.entries(PARTNERS))
    if (missing('partner', id)) await putPartner(deps, OPERATOR, { id, body })
  for (const [id, name] of Object.entries(SEGMENTS))
    if (missing('segment', id)) await putSegment(deps, OPERATOR, { id, body: segment(name) })
  if (missing('contract', 'demo')) await putContract(deps, OPERATOR, { id: 'demo', body: CONTRACT })
  if (missing('deal', 'demo-deal')) await putDeal(deps, OPERATOR, { id: 'demo-deal', body: DEAL })
  if (demoKeys(deps).length === 0)
    await keepKey(deps, {
      id: 'demo',
      key: DEMO_KEY,
      partner: 'dsp-demo',
      given: { scopes: ['bid', 'data'], trace: true },
    })
  await assign(
    Object.entries(PEOPLE).map(([uid, add]) => ({ source: 'dsp-demo', uid, add, ttlDays: 90 })),
  )
}

/** Revokes the demo key wherever it is kept: for a start with demo off. True where there was one. */
export async function revokeDemoKeys(deps: DeskDeps): Promise<boolean> {
  await deps.feed.poke()
  const keys = demoKeys(deps)
  for (const { id, partner } of keys) await deleteKey(deps, OPERATOR, { partner, id })
  return keys.length > 0
}

function demoKeys(deps: DeskDeps): { id: string; partner: string }[] {
  const hash = hashKey(DEMO_KEY).toString('base64url')
  return [...snapshotOf(deps).kind('key').values()]
    .filter(({ value }) => (value as KeyRecord).hash === hash)
    .map(({ id, value }) => ({ id, partner: (value as KeyRecord).partner }))
}

function segment(name: string) {
  return { name, owner: 'dmp-demo', provenance: 'third_party', ttlDays: 90 }
}
