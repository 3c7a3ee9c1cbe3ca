import { writeTcString } from './tc-string.ts'

/**
 * The seeded workload every contender gets: web requests of 2–4 KB with `gdpr: 1` and a TC 2.3 string
 * of 350–700 characters per person. Nineteen in twenty requests name one of a few hundred hot people
 * (Zipf); every twentieth names a cold one that no cache of CACHED_PEOPLE can still hold: 95 % hits by
 * construction, in every contender alike. A person comes with two ids that are looked up, the buyer's and the
 * exchange's, which the product keeps in a row each; the peers look at the first alone.
 */
export const SEED = 20_261_124
export const CACHED_PEOPLE = 512
export const IDS_EACH = 2
const HOT_PEOPLE = 300
export const COLD_EVERY = 20
const REQUESTS = 6_000
const ZIPF = 1.05

export const BUYER = { id: 'bench-dsp', domain: 'dsp.example', gvlId: 32 }
export const PROVIDERS = [
  { id: 'bench-dmp-a', domain: 'a.dmp.example', gvlId: 21 },
  { id: 'bench-dmp-b', domain: 'b.dmp.example', gvlId: 52 },
  { id: 'bench-dmp-c', domain: 'c.dmp.example', gvlId: 76 },
]
export const EXCHANGE = { id: 'bench-ssp', domain: 'ssp.example' }
/** Entitled segments; each person is in eight of them, always in the first, which unlocks the deal. */
export const SEGMENTS = Array.from({ length: 48 }, (_, i) => ({
  id: `bench-segment-${String(i).padStart(2, '0')}`,
  owner: PROVIDERS[i % PROVIDERS.length]!,
}))
/** Segments nobody has a contract for: each person is in four. */
export const UNSOLD = Array.from({ length: 16 }, (_, i) => `bench-unsold-${i}`)
export const DEAL = { id: 'bench-deal-1', bidfloor: 3.5, bidfloorcur: 'EUR', at: 1 }
const SEGMENTS_EACH = 8
const UNSOLD_EACH = 4

export interface Person {
  uid: string
  segments: string[]
  unsold: string[]
}

export interface Workload {
  people: Person[]
  requests: Buffer[]
}

/** Hot people first, then the cold ones: one for each `coldEvery`th request, beginning with the first. */
export function makePeople(requests = REQUESTS, coldEvery = COLD_EVERY): Person[] {
  const random = seeded(SEED)
  const cold = Math.ceil(requests / coldEvery)
  return Array.from({ length: HOT_PEOPLE + cold }, (_, i) => person(i, random))
}

export function makeWorkload(requests = REQUESTS, coldEvery = COLD_EVERY): Workload {
  const people = makePeople(requests, coldEvery)
  const random = seeded(SEED + 1)
  const draw = zipf(HOT_PEOPLE, random)
  const consents = people.map((_, i) => consent(i, random))
  return {
    people,
    requests: Array.from({ length: requests }, (_, i) => {
      const index = i % coldEvery === 0 ? HOT_PEOPLE + i / coldEvery : draw()
      return Buffer.from(JSON.stringify(bidRequest(i, people[index]!.uid, consents[index]!)))
    }),
  }
}

export function person(index: number, random: () => number): Person {
  return {
    uid: `bench-person-${index}`,
    segments: pick(SEGMENTS.slice(1), SEGMENTS_EACH - 1, random)
      .map((segment) => segment.id)
      .concat(SEGMENTS[0]!.id),
    unsold: pick(UNSOLD, UNSOLD_EACH, random),
  }
}

/** Mulberry32: a small PRNG, so that every run and every contender sees the same. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function zipf(count: number, random: () => number): () => number {
  const weights = Array.from({ length: count }, (_, i) => 1 / (i + 1) ** ZIPF)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  const upTo = weights.map((weight) => (sum += weight / total))
  return () => {
    const at = random()
    const index = upTo.findIndex((edge) => at < edge)
    return index === -1 ? count - 1 : index
  }
}

function pick<T>(from: readonly T[], count: number, random: () => number): T[] {
  const left = [...from]
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0]!)
}

function consent(index: number, random: () => number): string {
  const asked = [BUYER.gvlId, ...PROVIDERS.map((provider) => provider.gvlId)]
  const vendorsMax = 600 + Math.floor(random() * 700)
  const createdDay = 20_520 + (index % 180)
  return writeTcString({
    createdDay,
    vendorsMax,
    has: (vendor) => asked.includes(vendor) || (vendor * 7 + index) % 3 !== 0,
  })
}

function bidRequest(index: number, buyeruid: string, tcString: string): object {
  const number = String(index).padStart(6, '0')
  return {
    id: `5f0c1b52-7d1c-4a5e-9d7e-0000${number}`,
    at: 1,
    tmax: 120,
    cur: ['EUR'],
    imp: [imp('1', 300, 250), imp('2', 728, 90)],
    site: {
      id: '204117',
      name: 'La Gazette du Soir',
      domain: 'gazette.example',
      cat: ['IAB12', 'IAB12-1'],
      page: `https://www.gazette.example/societe/article-${number}.html?utm_source=newsletter`,
      ref: 'https://www.search.example/?q=transports+en+commun',
      publisher: { id: '7731', name: 'Gazette', domain: 'gazette.example' },
      content: { id: `c-${number}`, language: 'fr', keywords: 'transport,ville,mobilite' },
    },
    device: device(index),
    user: {
      id: `x-${buyeruid}`,
      buyeruid,
      consent: tcString,
      eids: [
        { source: 'pubcid.org', uids: [{ id: `01EAJWWNEPN3CYMM5N8M${number}`, atype: 1 }] },
        {
          source: 'id5-sync.com',
          uids: [{ id: `ID5*${'q7Zk9xA2'.repeat(12)}${number}`, atype: 1 }],
        },
      ],
    },
    source: {
      tid: `c6a4b7b0-1f2e-4d7e-a7c0-0000${number}`,
      schain: {
        ver: '1.0',
        complete: 1,
        nodes: [
          { asi: 'seller-one.example', sid: '1234', hp: 1, rid: `r-${number}` },
          { asi: 'seller-two.example', sid: 'abcd', hp: 1 },
        ],
      },
    },
    regs: { coppa: 0, gdpr: 1 },
    bcat: ['IAB25', 'IAB26'],
    badv: ['blocked.example'],
  }
}

function imp(id: string, w: number, h: number): object {
  return {
    id,
    tagid: `home-${id}`,
    secure: 1,
    bidfloor: 0.35,
    bidfloorcur: 'EUR',
    banner: {
      w,
      h,
      pos: 1,
      api: [3, 5],
      battr: [1, 3, 8],
      format: [
        { w, h },
        { w: 320, h: 50 },
      ],
    },
    pmp: {
      private_auction: 0,
      deals: [
        { id: `agency-${id}-0001`, at: 1, bidfloor: 2.5, bidfloorcur: 'EUR', wseat: ['agency'] },
      ],
    },
    ext: { gpid: `/1234/home/${id}`, tid: `7f1c-${id}` },
  }
}

function device(index: number): object {
  return {
    ua: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    ip: `192.0.2.${index % 250}`,
    geo: {
      lat: 48.85,
      lon: 2.35,
      country: 'FRA',
      region: 'IDF',
      city: 'Paris',
      zip: '75001',
      type: 2,
    },
    language: 'fr',
    os: 'Windows',
    osv: '10',
    js: 1,
    devicetype: 2,
    w: 1920,
    h: 1080,
    sua: {
      browsers: [{ brand: 'Chromium', version: ['140'] }],
      platform: { brand: 'Windows', version: ['10'] },
      mobile: 0,
    },
  }
}
