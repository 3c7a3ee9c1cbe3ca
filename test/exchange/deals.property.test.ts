import { afterEach, expect, test } from 'vitest'
import type { CompiledDeal, DealIndex } from '../../exchange/buyer-view.ts'
import { type Random, seeded } from '../support/random.ts'
import { contractBody, day, World } from './world.ts'

// The index finds exactly the deals that a walk over all of them finds, licences and dates included.

const SEED = Number(process.env['PASSERELLE_SEED'] ?? 1)
const EXCHANGES = ['p0', 'p1']
const PARTNERS = ['p0', 'p1', 'p2', 'p3']

let world: World
afterEach(() => world.close())

type Deal = ReturnType<typeof randomDeal>
type Contract = ReturnType<typeof randomContract>

test(`a person's deals are found by its segments alone (seed ${SEED})`, async () => {
  for (let w = 0; w < 10; w++) {
    const random = seeded(SEED + w)
    world = await World.open()
    for (const id of PARTNERS) await world.partner(id)
    const owners = new Map<string, string>()
    for (let i = 0; i < 10; i++) {
      owners.set(`s${i}`, random.pick(PARTNERS))
      await world.segment(`s${i}`, owners.get(`s${i}`)!)
    }
    const contracts: Contract[] = []
    for (let i = 0; i < 8; i++) {
      contracts.push(randomContract(random, owners))
      await world.contract(`c${i}`, contracts.at(-1)!)
    }
    const deals = new Map<string, Deal>()
    for (let i = 0; i < 20; i++) {
      deals.set(`d${i}`, randomDeal(random, [...owners.keys()]))
      await world.deal(`d${i}`, deals.get(`d${i}`)!)
    }
    for (let step = 0; step < 30; step++) check(random, { owners, contracts, deals })
    if (w < 9) await world.close()
  }
}, 60_000)

function check(
  random: Random,
  model: { owners: Map<string, string>; contracts: Contract[]; deals: Map<string, Deal> },
): void {
  world.clock.nowMs = Date.parse(day(random.int(30)))
  const [buyer, exchange] = [random.pick(PARTNERS), random.pick(EXCHANGES)]
  const person = [...model.owners.keys()].filter(() => random() < 0.5)
  const catalog = world.exchange.catalog()!
  const index = world.view(buyer).deals(catalog.partner(exchange)!.number)
  const expected = [...model.deals]
    .filter(([, deal]) => deal.exchange === exchange)
    .filter(([, { buyers }]) => buyers.length === 0 || buyers.includes(buyer))
    .filter(([, deal]) => isLive(deal) && isLicensed(deal, model) && holds(deal, person))
    .map(([id]) => id)
  expect(found(index, person), `seed ${SEED}`).toEqual(expected.sort())
}

/** What the bid path does: the deals under the person's segments, each checked whole. */
function found(index: DealIndex | undefined, person: readonly string[]): string[] {
  const catalog = world.exchange.catalog()!
  const segments = new Set(person.map((id) => catalog.segment(id)!.number))
  const deals = new Set<CompiledDeal>(index?.always)
  for (const segment of segments)
    for (const deal of index?.under(segment) ?? []) {
      const any = deal.any.length === 0 || deal.any.some((one) => segments.has(one))
      const all = deal.all.every((one) => segments.has(one))
      if (any && all && !deal.none.some((one) => segments.has(one))) deals.add(deal)
    }
  return [...deals].map(({ id }) => id).sort()
}

function holds({ audience: { any, all, none } }: Deal, person: readonly string[]): boolean {
  return (
    (any.length === 0 || any.some((id) => person.includes(id))) &&
    all.every((id) => person.includes(id)) &&
    !none.some((id) => person.includes(id))
  )
}

function isLive({ startsAt, endsAt, status }: Deal | Contract): boolean {
  const now = world.clock.nowMs
  return status === 'active' && Date.parse(startsAt) <= now && now < Date.parse(endsAt)
}

function isLicensed(
  { seller, audience: { any, all, none } }: Deal,
  { owners, contracts }: { owners: Map<string, string>; contracts: Contract[] },
): boolean {
  return [...any, ...all, ...none].every(
    (id) =>
      owners.get(id) === seller ||
      contracts.some((one) => one.buyer === seller && one.segments.includes(id) && isLive(one)),
  )
}

function randomContract(random: Random, owners: Map<string, string>) {
  const [, seller] = random.pick([...owners])
  const dates = randomDates(random)
  return contractBody({
    seller,
    buyer: random.pick(PARTNERS.filter((id) => id !== seller)),
    segments: [...owners].filter(([, owner]) => owner === seller).map(([id]) => id),
    ...dates,
    status: random.pick(['active', 'active', 'paused']),
  })
}

function randomDeal(random: Random, segments: readonly string[]) {
  const some = (share: number) => segments.filter(() => random() < share)
  const audience = { any: some(0.2), all: some(0.1), none: some(0.1) }
  const wanted = [...audience.any, ...audience.all]
  audience.none = wanted.length > 0 ? audience.none.filter((id) => !wanted.includes(id)) : []
  return {
    seller: random.pick(PARTNERS),
    exchange: random.pick(EXCHANGES),
    audience,
    buyers: random() < 0.5 ? [] : [random.pick(PARTNERS)],
    ...randomDates(random),
    status: random.pick(['active', 'active', 'active', 'paused']),
  }
}

function randomDates(random: Random) {
  const start = random.int(20)
  return { startsAt: day(start), endsAt: day(start + 1 + random.int(15)) }
}
