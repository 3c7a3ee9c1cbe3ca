import { expect } from 'vitest'
import type { DeliveredRecord, NoticeRecord } from '../../exchange/usage/ledger-record.ts'
import type { BidAnswer, BidHouse, World } from './bid-house.ts'

/**
 * Who sells what to whom in the tests of usage: `dsp` buys segments under contracts that bill in each of
 * the three ways, and gets deals of `curator`, which buys segments of `dmp` for their audiences.
 */
export const saleWorld: World = {
  partners: {
    ssp: { name: 'Exchange', domain: 'ssp.example', roles: ['ssp'], region: 'US' },
    dsp: { name: 'Buyer', domain: 'dsp.example', roles: ['dsp'], region: 'US', exchange: 'ssp' },
    rival: { name: 'Rival', domain: 'rival.example', roles: ['dsp'], region: 'US' },
    dmp: { name: 'Provider', domain: 'dmp.example', roles: ['dmp'], region: 'US' },
    lake: { name: 'Lake', domain: 'lake.example', roles: ['data_provider'], region: 'US' },
    curator: { name: 'Curator', domain: 'curator.example', roles: ['publisher'], region: 'US' },
  },
  segments: {
    counted: { owner: 'dmp' },
    'counted-too': { owner: 'dmp' },
    billed: { owner: 'dmp' },
    won: { owner: 'dmp' },
    node: { owner: 'dmp', taxonomy: { segtax: 4, id: '99' } },
    twin: { owner: 'dmp', taxonomy: { segtax: 4, id: '99' } },
    both: { owner: 'dmp', taxonomy: { segtax: 4, id: '530' } },
    tide: { owner: 'lake' },
    'deal-counted': { owner: 'dmp' },
    'deal-billed': { owner: 'dmp' },
    'deal-none': { owner: 'dmp' },
    'curators-own': { owner: 'curator' },
    own: { owner: 'dsp', provenance: 'first_party' },
  },
  contracts: {
    delivered: { seller: 'dmp', buyer: 'dsp', segments: ['counted', 'counted-too'] },
    billable: { seller: 'dmp', buyer: 'dsp', segments: ['billed'], billOn: 'billable' },
    win: {
      seller: 'dmp',
      buyer: 'dsp',
      segments: ['won'],
      billOn: 'win',
      externalIds: { won: 'x-won' },
    },
    'lake-win': { seller: 'lake', buyer: 'dsp', segments: ['tide'], billOn: 'win' },
    nodes: { seller: 'dmp', buyer: 'dsp', segments: ['node', 'twin'], writeAs: 'taxonomy' },
    'both-ways': {
      seller: 'dmp',
      buyer: 'dsp',
      segments: ['both'],
      writeAs: 'both',
      billOn: 'win',
    },
    'to-curator': { seller: 'dmp', buyer: 'curator', segments: ['deal-counted', 'deal-none'] },
    'to-curator-billed': {
      seller: 'dmp',
      buyer: 'curator',
      segments: ['deal-billed'],
      billOn: 'billable',
    },
  },
  deals: {
    'own-deal': { seller: 'curator', exchange: 'ssp', audience: { any: ['curators-own'] } },
    'counted-deal': {
      seller: 'curator',
      exchange: 'ssp',
      audience: { all: ['deal-counted'], none: ['deal-none'] },
    },
    'billed-deal': {
      seller: 'curator',
      exchange: 'ssp',
      audience: { any: ['deal-billed', 'curators-own'] },
    },
    'mixed-deal': {
      seller: 'curator',
      exchange: 'ssp',
      audience: { any: ['deal-counted', 'deal-billed'] },
    },
  },
  people: [
    { source: 'dsp', uid: 'counted', add: ['counted', 'counted-too', 'own'] },
    { source: 'dsp', uid: 'billed', add: ['billed', 'counted'] },
    { source: 'dsp', uid: 'won', add: ['won', 'tide', 'own'] },
    { source: 'dsp', uid: 'nodes', add: ['node', 'twin'] },
    { source: 'dsp', uid: 'both', add: ['both'] },
    { source: 'dsp', uid: 'owner', add: ['own'] },
    { source: 'dsp', uid: 'in-own-deal', add: ['curators-own'] },
    { source: 'dsp', uid: 'in-counted-deal', add: ['deal-counted'] },
    { source: 'dsp', uid: 'in-billed-deal', add: ['deal-billed'] },
  ],
}

export function requestOf(uid: string, more: object = {}): string {
  return JSON.stringify({
    id: '1',
    imp: [{ id: 'a' }, { id: 'b' }],
    user: { buyeruid: uid },
    ...more,
  })
}

interface Enriched {
  imp?: { pmp?: { deals?: { id: string; ext?: { t?: string } }[] } }[]
  user?: {
    data?: { name: string; segment: { id: string }[]; ext?: { t?: string; segtax?: number } }[]
  }
}

export function parsed({ body }: BidAnswer): Enriched {
  return JSON.parse(body.toString()) as Enriched
}

/** The token of an answer's Data objects: one and the same wherever it stands. */
export function tokenIn(answer: BidAnswer): string {
  const tokens = new Set(parsed(answer).user?.data?.flatMap(({ ext }) => ext?.t ?? []))
  expect([...tokens], 'one token an answer').toHaveLength(1)
  return [...tokens][0]!
}

/** The token of a deal, the same in every imp. */
export function dealTokenIn(answer: BidAnswer, deal: string): string {
  const deals = parsed(answer).imp?.flatMap(({ pmp }) => pmp?.deals ?? []) ?? []
  const tokens = new Set(deals.filter(({ id }) => id === deal).map(({ ext }) => ext?.t))
  expect([...tokens], 'one token a deal').toHaveLength(1)
  return [...tokens][0]!
}

/** Units delivered since the last call, by `contract/segment`, or `contract/segment/deal`. */
export async function deliveredBy(house: BidHouse): Promise<Record<string, number>> {
  await house.usage.meter.flush()
  const units: Record<string, number> = {}
  for (const record of taken<DeliveredRecord>(house, 'delivered'))
    for (const { contract, segment, deal, units: more } of record.lines) {
      const name = [contract, segment, ...(deal === undefined ? [] : [deal])].join('/')
      units[name] = (units[name] ?? 0) + more
    }
  return units
}

/** Notices written since the last call. */
export function noticesIn(house: BidHouse): NoticeRecord[] {
  return taken<NoticeRecord>(house, 'notice')
}

function taken<R extends { kind: string }>({ ledger }: BidHouse, kind: R['kind']): R[] {
  const records = ledger.records.filter((one) => one.kind === kind)
  ledger.records.splice(0, Infinity, ...ledger.records.filter((one) => one.kind !== kind))
  return records as unknown as R[]
}
