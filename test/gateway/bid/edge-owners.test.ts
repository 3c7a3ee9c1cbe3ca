import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayOf } from '../../../audience/clock.ts'
import { IFA } from '../../../audience/namespace.ts'
import { BidHouse } from '../../support/bid-house.ts'
import { OPERATOR } from '../../support/edge-house.ts'
import { type Random, seeded } from '../../support/random.ts'

// A match table that one partner uploaded serves its own segments; another's only under a
// contract with use `identity`. Random tables, contracts and requests through the real door, against a slow reading
// of that sentence. Again with EDGES_SEED=<seed>, longer with EDGES_WORLDS=<worlds>.

const SEED = Number(process.env['EDGES_SEED'] ?? 20261126)
const WORLDS = Number(process.env['EDGES_WORLDS'] ?? 12)
const TABLES_A_WORLD = 12
const REQUESTS_A_TABLE = 6
const SELLERS = ['dmp-1', 'dmp-2', 'dmp-3']
const BUYERS = ['dsp-1', 'dsp-2']
const PARTNERS = [...SELLERS, ...BUYERS]
const EXCHANGE = ''
/** Every pair that a contract may stand between. */
const PAIRS = SELLERS.flatMap((seller) =>
  PARTNERS.filter((buyer) => buyer !== seller).map((buyer) => ({ seller, buyer })),
)

interface Id {
  source: string
  uid: string
}
interface Edge {
  a: Id
  b: Id
  owner: string
}
interface Table {
  edges: Edge[]
  members: { at: Id; segment: string }[]
}
/** Uses under which `seller` sells to `buyer`, by `seller>buyer`. */
type Contracts = ReadonlyMap<string, readonly string[]>

const segmentOf = (owner: string) => `of-${owner}`
const ownerOf = (segment: string) => segment.slice('of-'.length)
const nameOf = ({ source, uid }: Id) => `${source} ${uid}`

let house: BidHouse
beforeAll(async () => {
  house = await BidHouse.open()
  const partner = (roles: string[]) => ({ domain: 'p.example', roles, region: 'US' })
  await house.settle({
    partners: Object.fromEntries([
      ...SELLERS.map((id) => [id, { name: id, ...partner(['dmp', 'data_provider']) }]),
      ...BUYERS.map((id) => [id, { name: id, ...partner(['dsp']) }]),
    ]),
    segments: Object.fromEntries(PARTNERS.map((id) => [segmentOf(id), { owner: id }])),
    contracts: {},
    people: [],
  })
}, 60_000)
afterAll(() => house.close())

async function sign(random: Random): Promise<Contracts> {
  const contracts = new Map<string, string[]>()
  for (const { seller, buyer } of PAIRS) {
    const uses = random.pick([
      [],
      [],
      ['bid_enrichment'],
      ['identity'],
      ['bid_enrichment', 'identity'],
    ])
    contracts.set(`${seller}>${buyer}`, uses)
    const body = {
      ...{ seller, buyer, segments: [segmentOf(seller)], regions: [], billOn: 'delivered' },
      price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
      ...{ startsAt: '2020-01-01T00:00:00Z', endsAt: '2099-01-01T00:00:00Z' },
      uses: uses.length > 0 ? uses : ['bid_enrichment'],
      status: uses.length > 0 ? 'active' : 'paused',
    }
    await house.exchange.desk.putContract(OPERATOR, { id: `${seller}-${buyer}`, body })
  }
  return contracts
}

/** A handful of ids of one or two people, whatever joins them, and who says so. */
function makeTable(random: Random, name: string): Table {
  const ids = Array.from({ length: 8 }, (_, i) => ({
    source: random.pick([...PARTNERS, 'ifa']),
    uid: `${name}-${i}`,
  }))
  const edges: Edge[] = []
  for (let i = 0; i < 9; i++) {
    const [a, b] = [random.pick(ids), random.pick(ids)]
    if (a !== b) edges.push({ a, b, owner: random.pick([EXCHANGE, ...PARTNERS]) })
  }
  const members = Array.from({ length: 5 }, () => ({
    at: random.pick(ids),
    segment: segmentOf(random.pick(PARTNERS)),
  }))
  return { edges, members }
}

async function keep({ edges, members }: Table): Promise<void> {
  const catalog = house.exchange.catalog()!
  const namespace = (source: string) =>
    source === 'ifa' ? IFA.number : catalog.partner(source)!.namespace
  const end = ({ source, uid }: Id) => ({ namespace: namespace(source), value: uid })
  const today = dayOf(Date.now())
  const days = { firstSeenDay: today, lastSeenDay: today, expiryDay: today + 10 }
  const outcomes = await house.audience.link(
    edges.map(({ a, b, owner }) => ({
      ...{ a: end(a), b: end(b), method: 0, ...days },
      owner: owner === EXCHANGE ? 0 : catalog.partner(owner)!.number,
    })),
  )
  expect(outcomes.every(({ ok }) => ok)).toBe(true)
  await house.admit(members.map(({ at, segment }) => ({ ...at, add: [segment] })))
}

/** The sentence, slowly: may a segment of `owner` reach `buyer` over a match that `edgeOwner` uploaded? */
function mayUse(edgeOwner: string, { owner, buyer }: Sale, contracts: Contracts): boolean {
  if (edgeOwner === EXCHANGE || edgeOwner === owner) return true
  const sells = (seller: string, to: string) =>
    contracts.get(`${seller}>${to}`)?.includes('identity') ?? false
  if (sells(edgeOwner, buyer) || sells(edgeOwner, owner)) return true
  return edgeOwner === buyer && sells(owner, buyer)
}

interface Sale {
  owner: string
  buyer: string
}

/** Every segment that the request may be given, found by walking all ways from the id that is known. */
function expected(table: Table, ids: Id[], buyer: string, contracts: Contracts): string[] {
  const isKnown = (id: Id) =>
    table.members.some(({ at }) => nameOf(at) === nameOf(id)) ||
    table.edges.some(({ a, b }) => [nameOf(a), nameOf(b)].includes(nameOf(id)))
  const start = ids.find(isKnown)
  if (start === undefined) return []
  const given = table.members.filter(({ at, segment }) => {
    const sale = { owner: ownerOf(segment), buyer }
    const uses = contracts.get(`${sale.owner}>${buyer}`) ?? []
    if (sale.owner !== buyer && !uses.includes('bid_enrichment')) return false
    return reached(table, start, (edge) => mayUse(edge, sale, contracts)).has(nameOf(at))
  })
  return [...new Set(given.map(({ segment }) => segment))].sort()
}

function reached({ edges }: Table, start: Id, mayWalk: (owner: string) => boolean): Set<string> {
  const places = new Set([nameOf(start)])
  for (let before = 0; before < places.size; ) {
    before = places.size
    for (const { a, b, owner } of edges) {
      if (!mayWalk(owner)) continue
      if (places.has(nameOf(a))) places.add(nameOf(b))
      if (places.has(nameOf(b))) places.add(nameOf(a))
    }
  }
  return places
}

async function given(ids: Id[], buyer: string): Promise<string[]> {
  const [own, device] = ids
  const user = { buyeruid: own!.uid }
  const more = device === undefined ? {} : { device: { ifa: device.uid } }
  const body = JSON.stringify({ id: '1', imp: [{ id: '1' }], user, ...more })
  const answer = await house.enrich(body, { buyer, headers: { prefer: 'return=additions' } })
  if (answer.status === 204) return []
  const data = (JSON.parse(answer.body.toString()).user?.data ?? []) as {
    segment: { id: string }[]
  }[]
  return data.flatMap(({ segment }) => segment.map(({ id }) => id)).sort()
}

test(`no table serves another’s segments without a contract for identity (seed ${SEED})`, async () => {
  const random = seeded(SEED)
  const seen = { served: 0, withheld: 0, overForeign: 0 }
  for (let world = 0; world < WORLDS; world++) {
    const contracts = await sign(random)
    for (let i = 0; i < TABLES_A_WORLD; i++) {
      const table = makeTable(random, `w${world}t${i}`)
      await keep(table)
      for (let asked = 0; asked < REQUESTS_A_TABLE; asked++) {
        const buyer = random.pick(BUYERS)
        const all = [
          ...table.edges.flatMap(({ a, b }) => [a, b]),
          ...table.members.map(({ at }) => at),
        ]
        const own = all.filter(({ source }) => source === buyer)
        const devices = all.filter(({ source }) => source === 'ifa')
        const ids = [
          own.length > 0 ? random.pick(own) : { source: buyer, uid: 'nobody' },
          ...(devices.length > 0 && random.int(2) === 0 ? [random.pick(devices)] : []),
        ]
        const hoped = expected(table, ids, buyer, contracts)
        const about = JSON.stringify({ table, ids, buyer, contracts: [...contracts] })
        expect(await given(ids, buyer), about).toEqual(hoped)
        const open = expected({ ...table, edges: asExchange(table) }, ids, buyer, contracts)
        const closed = expected({ ...table, edges: ownOnly(table) }, ids, buyer, contracts)
        if (hoped.length > 0) seen.served++
        if (open.length > hoped.length) seen.withheld++
        if (hoped.length > closed.length) seen.overForeign++
      }
    }
  }
  // The tables are such that the rule matters, either way.
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(WORLDS)
}, 120_000)

const asExchange = ({ edges }: Table) => edges.map((edge) => ({ ...edge, owner: EXCHANGE }))
const ownOnly = ({ edges }: Table) => edges.filter(({ owner }) => owner === EXCHANGE)
