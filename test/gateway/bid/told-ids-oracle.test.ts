import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER, IFA, NAMESPACE_KIND, type Namespace } from '../../../audience/namespace.ts'
import { tcText } from '../../audience/consent/support/tc-writer.ts'
import { BidHouse, type World } from '../../support/bid-house.ts'
import { type Random, seeded } from '../../support/random.ts'
import { type Match, type Name, type ToldAsk, type ToldWorld, toldIds } from './oracle/told-ids.ts'

// Random people, matches and requests against a slow reading of the rules. Again with TOLD_SEED=<seed>, longer with
// TOLD_ROUNDS=<people>.

const SEED = Number(process.env['TOLD_SEED'] ?? 20261126)
const ROUNDS = Number(process.env['TOLD_ROUNDS'] ?? 150)
const ASKS = 8
const FAR_DAY = 60_000

const GVL_IDS: Record<string, number> = { 'dmp-a': 21, 'dmp-b': 22, 'dsp-a': 32, 'dsp-b': 33 }
const PARTNERS = ['ssp', 'dmp-a', 'dmp-b', 'dsp-a', 'dsp-b', 'dsp-c']
const SOURCES = {
  'free.example': '',
  'a.example': 'dmp-a',
  'b.example': 'dmp-b',
  'd.example': 'dsp-a',
}
const seller = (id: string, contract: string, regions: string[] = []) => ({
  ...{ domain: `${id}.example`, contract, gvlId: GVL_IDS[id]!, regions },
})
const TOLD: ToldWorld = {
  domain: 'gateway.example',
  sources: SOURCES,
  sellers: {
    'dsp-a': { 'dmp-a': seller('dmp-a', 'a1'), 'dmp-b': seller('dmp-b', 'a2', ['USA']) },
    'dsp-b': { 'dmp-b': seller('dmp-b', 'b1') },
  },
  partnerDomains: Object.fromEntries(PARTNERS.map((id) => [id, `${id}.example`])),
}

const world: World = {
  partners: Object.fromEntries(
    PARTNERS.map((id) => [
      id,
      {
        ...{ name: id, domain: `${id}.example`, region: 'US', roles: [id.split('-')[0]] },
        ...(GVL_IDS[id] ? { gvlId: GVL_IDS[id] } : {}),
        ...(id.startsWith('dsp') ? { exchange: 'ssp' } : {}),
      },
    ]),
  ),
  namespaces: Object.fromEntries(
    Object.entries(SOURCES).map(([name, owner]) => [
      name,
      { kind: 'eid', owner: owner || 'exchange' },
    ]),
  ),
  segments: { 'seg-a': { owner: 'dmp-a' }, 'seg-b': { owner: 'dmp-b' } },
  contracts: Object.fromEntries(
    Object.entries(TOLD.sellers).flatMap(([buyer, sellers]) =>
      Object.entries(sellers).map(([id, { contract, regions }]) => [
        contract,
        { seller: id, buyer, segments: [`seg-${id.at(-1)}`], uses: ['identity'], regions },
      ]),
    ),
  ),
  people: [],
}

let house: BidHouse
beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(world)
})
afterAll(() => house.close())

/** A handful of ids and matches between them; browsers are matched as syncs match them. */
function somebody(random: Random, who: number): Match[] {
  const name = (source: string, i = 0): Name => [source, `${source}-${who}-${i}`]
  const browsers = [name('browser'), name('browser', 1)].slice(0, 1 + random.int(2))
  const partners = ['ssp', 'dsp-a', 'dsp-b'].flatMap((id) => [name(id), name(id, 1)])
  const others = [...Object.keys(SOURCES), 'ifa'].map((source) => name(source))
  const matches = new Map<string, Match>()
  const add = (match: Match) => {
    const { a, b, owner } = match
    // The last of the same two ids and owner holds.
    if (a !== b) matches.set([[a, b].map(String).sort(), owner].join(), match)
  }
  for (const browser of browsers)
    for (const source of ['ssp', 'dsp-a', 'dsp-b'])
      if (random() < 0.6)
        add({
          a: browser,
          b: name(source, random.int(2)),
          owner: '',
          method: random() < 0.85 ? 2 : 0,
        })
  for (let i = random.int(6); i > 0; i--)
    add({
      a: random.pick([...partners, ...others]),
      b: random.pick([...partners, ...others, ...others]),
      owner: random.pick(['', '', 'dmp-a', 'dmp-b', 'dsp-a']),
      method: random.pick([0, 1, 2, 2, 3, 4, 5, 501, 777]),
    })
  return [...matches.values()]
}

async function keep(matches: readonly Match[]): Promise<Match[]> {
  const records = house.audience.feed.current()!.kind(NAMESPACE_KIND)
  const numbers: Record<string, number> = { browser: BROWSER.number, ifa: IFA.number }
  const end = ([source, value]: Name) => ({
    namespace: numbers[source] ?? (records.get(source)!.value as Namespace).number,
    value,
  })
  const ownerOf = (id: string) => (id === '' ? 0 : house.exchange.catalog()!.partner(id)!.number)
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: FAR_DAY }
  const outcomes = await house.audience.link(
    matches.map(({ a, b, owner, method }) => ({
      ...{ a: end(a), b: end(b), owner: ownerOf(owner), method, ...days },
    })),
  )
  await house.audience.poke()
  return matches.filter((_, i) => outcomes[i]!.ok)
}

const TC: [vendors: number[], text: string][] = [
  [21, 22, 32, 33],
  [21, 32, 33],
  [22, 32, 33],
  [32, 33],
].map((vendors) => [vendors, tcText({ purposes: [4], vendors, disclosed: vendors })])

const PLACES = { ssp: 'user_id', ifa: 'ifa' } as const

/** A request that names one of the person's ids, as it is asked and as the oracle is told of it. */
function askFor(random: Random, matches: readonly Match[]) {
  const ids = matches.flatMap(({ a, b }) => [a, b]).filter(([source]) => source !== 'browser')
  const start = random.pick(ids)
  const [source, value] = start
  const buyer = random.pick(['dsp-a', 'dsp-a', 'dsp-b', 'dsp-c'])
  const country = random.pick([undefined, 'USA', 'CAN'])
  // Without a vendor id nobody is looked up under the GDPR.
  const [vendors, tc] = random() < 0.5 || buyer === 'dsp-c' ? [] : random.pick(TC)
  const place: ToldAsk['place'] =
    source === buyer
      ? 'buyeruid'
      : source in SOURCES
        ? 'eids'
        : (PLACES[source as keyof typeof PLACES] ?? 'buyeruid')
  const mm = place === 'eids' ? random.pick([undefined, 0, 1, 2, 3, 5, 600]) : undefined
  const eid = { source, uids: [{ id: value }], ...(mm === undefined ? {} : { mm }) }
  const user = {
    ...(place === 'user_id' ? { id: value } : {}),
    ...(place === 'buyeruid' ? { buyeruid: value } : {}),
    ...(place === 'eids' ? { eids: [eid] } : {}),
    ...(tc === undefined ? {} : { consent: tc }),
  }
  const request = {
    id: '1',
    ...(tc === undefined ? {} : { regs: { gdpr: 1 } }),
    device: {
      ...(country ? { geo: { country } } : {}),
      ...(place === 'ifa' ? { ifa: value } : {}),
    },
    ...(Object.keys(user).length > 0 ? { user } : {}),
  }
  // Another buyer's id in user.buyeruid names nobody.
  const isNobody = place === 'buyeruid' && source !== buyer
  return { request, isNobody, ask: { buyer, start, place, mm, country, vendors } as ToldAsk }
}

test(`ids are told exactly where the rules allow it (seed ${SEED})`, async () => {
  const random = seeded(SEED)
  const seen = { eids: 0, buyeruid: 0, nothing: 0, theirs: 0, two: 0 }
  for (let who = 0; who < ROUNDS; who++) {
    const matches = await keep(somebody(random, who))
    for (let i = 0; i < ASKS && matches.length > 0; i++) {
      const { request, isNobody, ask } = askFor(random, matches)
      const { eids, buyeruid } = isNobody
        ? { eids: [], buyeruid: undefined }
        : toldIds(TOLD, matches, ask)
      const own = ask.place === 'buyeruid' ? undefined : buyeruid
      const fresh = own === undefined ? eids.filter(({ id }) => id !== buyeruid) : eids
      const bytes = JSON.stringify(request)
      const answer = await house.enrich(bytes, { buyer: ask.buyer })
      const about = `${bytes} ${JSON.stringify({ ask, matches })}`
      if (fresh.length === 0 && own === undefined) {
        expect(answer.body.toString(), about).toBe(bytes)
        seen.nothing++
        continue
      }
      const told = checkAdded(answer.body.toString(), request, about)
      expect(told.eids, about).toEqual(fresh.map((one) => JSON.stringify(one)).sort())
      expect(told.buyeruid, about).toBe(own)
      const again = await house.enrich(answer.body, { buyer: ask.buyer })
      expect(again.body.toString(), `again: ${about}`).toBe(answer.body.toString())
      if (fresh.length > 0) seen.eids++
      if (own !== undefined) seen.buyeruid++
      if (fresh.some(({ matcher }) => matcher.startsWith('dmp'))) seen.theirs++
      if (fresh.length > 1) seen.two++
    }
  }
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(ROUNDS / 15)
}, 120_000)

interface Added {
  inserter: string
  source: string
  matcher: string
  mm: number
  uids: { id: string }[]
}

/** What was added, one id each, in no order; the rest of the answer has to be the request. */
function checkAdded(text: string, request: { user?: object }, about: string) {
  const answer = JSON.parse(text) as { user: { eids?: Added[]; buyeruid?: string } }
  const before = (request.user ?? {}) as { eids?: Added[]; buyeruid?: string }
  const there = before.eids?.length ?? 0
  const added = (answer.user.eids ?? []).slice(there)
  const eids = added.flatMap(({ inserter, source, matcher, mm, uids }) => {
    expect(inserter, about).toBe(TOLD.domain)
    return uids.map(({ id }) => JSON.stringify({ source, matcher, mm, id }))
  })
  const buyeruid = before.buyeruid === undefined ? answer.user.buyeruid : undefined
  const hoped = {
    ...request,
    user: {
      ...before,
      ...(added.length > 0 ? { eids: [...(before.eids ?? []), ...added] } : {}),
      ...(buyeruid === undefined ? {} : { buyeruid }),
    },
  }
  expect(text, about).toBe(JSON.stringify(hoped))
  return { eids: eids.sort(), buyeruid }
}
