import { GppModel } from '@iabgpp/cmpapi'
import { tcText } from '../../../audience/consent/support/tc-writer.ts'
import type { World } from '../../../support/bid-house.ts'

/** The world that random requests are asked in; the oracle reads it as it stands here. */

export interface OraclePartner {
  name: string
  domain: string
  roles: string[]
  region: string
  gvlId?: number
  exchange?: string
  settings?: { idOrder: string[] }
}

export interface OracleContract {
  seller: string
  buyer: string
  segments: string[]
  writeAs?: 'own' | 'taxonomy' | 'both'
  seats?: string[]
  externalIds?: Record<string, string>
  regions?: string[]
  /** Delivered where it does not say. */
  billOn?: 'win' | 'billable'
}

export interface OracleDeal {
  seller: string
  exchange: string
  buyers: string[]
  audience?: { any?: string[]; all?: string[]; none?: string[] }
  site?: string
  bidfloor?: string
}

const partner = (
  id: string,
  roles: string[],
  more: Partial<OraclePartner> = {},
): OraclePartner => ({
  name: id,
  domain: `${id}.example`,
  roles,
  region: 'US',
  ...more,
})

export const PARTNERS: Record<string, OraclePartner> = {
  'exch-a': partner('exch-a', ['ssp'], { gvlId: 60 }),
  'exch-b': partner('exch-b', ['ssp']),
  'dsp-a': partner('dsp-a', ['dsp'], { gvlId: 32, exchange: 'exch-a' }),
  'dsp-eu': partner('dsp-eu', ['dsp'], { gvlId: 33, region: 'DEU' }),
  'dsp-none': partner('dsp-none', ['dsp'], { settings: { idOrder: ['ifa', 'eids', 'user_id'] } }),
  'dmp-a': partner('dmp-a', ['dmp', 'data_provider'], { gvlId: 21 }),
  'dmp-b': partner('dmp-b', ['data_provider']),
  'pub-c': partner('pub-c', ['publisher']),
}
export const BUYERS = ['dsp-a', 'dsp-eu', 'dsp-none'] as const

export const EID_SOURCES = ['pubcid.org', 'id5-sync.com']

export const SEGMENTS: Record<
  string,
  { owner: string; provenance?: string; taxonomy?: { segtax: number; id: string } }
> = {
  s1: { owner: 'dmp-a' },
  s2: { owner: 'dmp-a' },
  t1: { owner: 'dmp-a', taxonomy: { segtax: 4, id: '530' } },
  t2: { owner: 'dmp-a', taxonomy: { segtax: 4, id: '530' } },
  t3: { owner: 'dmp-a', taxonomy: { segtax: 4, id: '531' } },
  b1: { owner: 'dmp-b', taxonomy: { segtax: 1001, id: 'x' } },
  b2: { owner: 'dmp-b' },
  p1: { owner: 'pub-c' },
  own1: { owner: 'dsp-a', provenance: 'first_party' },
}

export const CONTRACTS: Record<string, OracleContract> = {
  c1: {
    seller: 'dmp-a',
    buyer: 'dsp-a',
    segments: ['s1', 's2'],
    externalIds: { s2: 'ext "two" é 🙂' },
    seats: ['seat "q"'],
  },
  c2: {
    seller: 'dmp-a',
    buyer: 'dsp-a',
    segments: ['t1', 't2', 't3'],
    writeAs: 'both',
    billOn: 'win',
  },
  c3: {
    seller: 'dmp-b',
    buyer: 'dsp-a',
    segments: ['b1'],
    writeAs: 'taxonomy',
    regions: ['EU', 'USA'],
  },
  'c3-b2': { seller: 'dmp-b', buyer: 'dsp-a', segments: ['b2'], regions: ['DEU'] },
  c4: { seller: 'pub-c', buyer: 'dsp-a', segments: ['p1'], regions: ['USA'] },
  c5: { seller: 'dmp-a', buyer: 'dsp-eu', segments: ['s1', 't1'] },
  c6: { seller: 'dmp-b', buyer: 'dsp-none', segments: ['b1', 'b2'], billOn: 'billable' },
  c7: { seller: 'dmp-a', buyer: 'pub-c', segments: ['s2'], billOn: 'win' },
}

export const DEALS: Record<string, OracleDeal> = {
  'd-open': { seller: 'pub-c', exchange: 'exch-a', buyers: [] },
  'd-open-b': { seller: 'pub-c', exchange: 'exch-b', buyers: ['dsp-a', 'dsp-none'] },
  'd-any': {
    seller: 'dmp-a',
    exchange: 'exch-a',
    buyers: ['dsp-a', 'dsp-eu'],
    audience: { any: ['s1', 's2'] },
    bidfloor: '2.50',
  },
  'd-none': {
    seller: 'dmp-a',
    exchange: 'exch-a',
    buyers: [],
    audience: { all: ['s1'], none: ['s2'] },
  },
  'd-b': { seller: 'dmp-b', exchange: 'exch-b', buyers: [], audience: { any: ['b1'] } },
  'd-unlicensed': { seller: 'pub-c', exchange: 'exch-a', buyers: [], audience: { any: ['s1'] } },
  'd-licensed': {
    seller: 'pub-c',
    exchange: 'exch-a',
    buyers: [],
    audience: { any: ['s2', 'p1'] },
  },
  'd-site': { seller: 'pub-c', exchange: 'exch-a', buyers: ['dsp-a'], site: 'site é' },
}

export const IFA = '6d92078a-8246-4ba4-ae5b-76104861e7dc'

/** Who is in what, by namespace and value; an empty list is an id known by its matches only. */
export const PEOPLE: [source: string, uid: string, segments: string[]][] = [
  ['dsp-a', 'a1', ['s1']],
  ['dsp-a', 'a2', ['s1', 's2', 't1', 't2', 't3', 'b1', 'b2', 'p1', 'own1']],
  ['dsp-a', 'é "q" \\ 🙂', ['s2', 'b1']],
  ['dsp-a', '12345', ['own1']],
  ['dsp-a', '1e3', ['t3']],
  ['dsp-a', 'joined', []],
  ['dsp-a', 'half', ['s1']],
  ['dsp-eu', 'eu1', ['s1', 't1', 'b1']],
  ['dsp-none', 'n1', ['b1']],
  ['exch-a', 'xa1', ['t1', 'b1']],
  ['exch-b', 'xb1', ['s1', 'b1']],
  ['pubcid.org', 'p1', ['s2']],
  ['pubcid.org', 'P1', ['p1', 'b2']],
  ['pubcid.org', 'far', ['s2', 'b1', 'own1']],
  ['id5-sync.com', 'i1', ['s1', 't2', 'b1']],
  ['id5-sync.com', 'near', ['t1']],
  ['ifa', IFA, ['s1', 'b1', 'b2']],
]

/** Matches: two ids, and the partner whose match it is ('' is the exchange). */
export const MATCHES: [a: [string, string], b: [string, string], owner: string][] = [
  [['dsp-a', 'joined'], ['id5-sync.com', 'near'], ''],
  [['id5-sync.com', 'near'], ['pubcid.org', 'far'], 'dmp-b'],
  [['dsp-a', 'half'], ['pubcid.org', 'far'], 'dsp-a'],
]

export const oracleWorld: World = {
  partners: PARTNERS,
  namespaces: Object.fromEntries(EID_SOURCES.map((id) => [id, { kind: 'eid', owner: 'exchange' }])),
  segments: SEGMENTS,
  contracts: CONTRACTS,
  deals: DEALS,
  people: PEOPLE.filter(([, , add]) => add.length > 0).map(([source, uid, add]) => ({
    source,
    uid,
    add,
  })),
}

/** TC strings, each with the vendors it allows purpose 4; undefined: it cannot be relied on. */
export const TC_STRINGS: [text: string, allows: number[] | undefined][] = [
  [tc([2, 3, 4], [32, 33, 21, 60]), [32, 33, 21, 60]],
  [tc([4], [32, 33, 60]), [32, 33, 60]],
  [tc([4], [21, 33]), [21, 33]],
  [tc([1, 2, 3], [32, 33, 21]), []],
  [tcText({ purposes: [4], vendors: [32, 21], policy: 4, created: '2025-05-05' }), [32, 21]],
  [tcText({ purposes: [4], vendors: [32, 21], disclosed: [32] }), [32]],
  ['CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA', undefined],
  ['not a string', undefined],
  ['BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA', undefined],
]

function tc(purposes: number[], vendors: number[]): string {
  return tcText({ purposes, vendors, disclosed: [...vendors, 99] })
}

/** GPP strings: which sections each holds, and whether Prebid's rules let ids through by it. */
export const GPP_STRINGS: [text: string, sections: Record<number, boolean | string>][] = [
  ['DBABTA~1YNN', { 6: true }],
  ['DBABTA~1YYN', { 6: false }],
  [gpp({ usnat: FINE(), usca: { ...FINE(), SaleOptOut: 1 } }), { 7: true, 8: false }],
  [
    gpp({ usfl: FINE(), ustx: { ...FINE(), TargetedAdvertisingOptOut: 1 } }),
    { 13: true, 16: false },
  ],
  [`DBABM~${TC_STRINGS[0]![0]}`, { 2: TC_STRINGS[0]![0] }],
  [`DBABMA~${TC_STRINGS[3]![0]}`, { 2: TC_STRINGS[3]![0] }],
  ['DBABM', {}],
  ['nonsense', {}],
]

function FINE(): Record<string, number> {
  return { SaleOptOut: 2, SaleOptOutNotice: 1 }
}

function gpp(sections: Record<string, Record<string, unknown>>): string {
  const model = new GppModel()
  for (const [section, fields] of Object.entries(sections))
    for (const [field, value] of Object.entries(fields)) model.setFieldValue(section, field, value)
  return model.encode()
}
