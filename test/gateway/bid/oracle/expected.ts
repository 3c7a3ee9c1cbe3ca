import { Kind } from '../../../../proto/bid-facts.ts'
import { type OrderedValue, plainOf } from '../../../support/ordered-json.ts'
import { type Consent, consentOf } from './consent.ts'
import { type Held, personOf } from './person.ts'
import { SlowRequest, under } from './request-paths.ts'
import { CONTRACTS, DEALS, type OracleDeal, PARTNERS, SEGMENTS } from './world.ts'

/** What a request must be answered with, by the rules. */
export interface Expected {
  status: 200 | 400
  /** Why nothing about the person is added. */
  word: 'denied' | 'none' | 'stranger' | ''
  /** Data objects by their text, segments sorted: the order of objects is the house's own. */
  data: string[]
  /** By position in `imp`: deals to add, as they are written. */
  deals: Map<number, string[]>
  /** Domains to name in `regs.ext.dsa.transparency`, in no order. */
  domains: string[]
}

/** What stands for a token in both: every answer has one of its own. */
export const TOKEN = '<token>'

export interface AskedBy {
  buyer: string
  /** `?x=` */
  x: string | undefined
}

export function expected(bytes: Buffer, { buyer, x }: AskedBy): Expected {
  const nothing: Expected = { status: 400, word: '', data: [], deals: new Map(), domains: [] }
  const parsed = JSON.parse(bytes.toString()) as { id?: unknown }
  if (parsed.id === undefined || parsed.id === null || parsed.id === '') return nothing
  const request = new SlowRequest(bytes)
  const partner = PARTNERS[buyer]!
  const exchange = x === undefined ? partner.exchange : PARTNERS[x] && x
  const consent = consentOf(request, partner)
  const { ifaUsable } = consent
  const person = consent.denied
    ? 'denied'
    : personOf(request, { id: buyer, partner, exchange, ifaUsable })
  const held = typeof person === 'string' || !canTake(request) ? [] : person
  const ask = { request, buyer, exchange, consent, held }
  const [data, deals] = [dataFor(ask), dealsFor(ask)]
  return {
    status: 200,
    word: typeof person === 'string' ? person : '',
    data,
    deals,
    domains: domainsFor(request, data, deals),
  }
}

/** Whose data about the person is added, where the request speaks of the DSA and does not name them yet. */
function domainsFor(
  request: SlowRequest,
  data: readonly string[],
  deals: ReadonlyMap<number, string[]>,
): string[] {
  const [regs, ext, dsa] = ['regs', 'regs.ext', 'regs.ext.dsa'].map((path) => request.all(path))
  const isOnce = [regs, ext, dsa].every((all) => all!.length === 1)
  const lists = request.all('regs.ext.dsa.transparency')
  if (!isOnce || dsa![0]!.kind !== Kind.object || !isFree(lists, Kind.array)) return []
  const owners = [...deals.values()].flat().flatMap((one) => {
    const {
      any = [],
      all = [],
      none = [],
    } = DEALS[(JSON.parse(one) as { id: string }).id]!.audience ?? {}
    return [...any, ...all, ...none].map((segment) => SEGMENTS[segment]!.owner)
  })
  const names = data.map((one) => (JSON.parse(one) as { name: string }).name)
  const told = lists.flatMap((list) => objects(plainOf(list, request.bytes)))
  return [...new Set([...names, ...owners.map((owner) => PARTNERS[owner]!.domain)])].filter(
    (name) => !told.some(({ domain }) => domain === name),
  )
}

interface Asked {
  request: SlowRequest
  buyer: string
  exchange: string | undefined
  consent: Consent
  held: Held
}

/** Absent, or there once and of the right type. */
function isFree(values: OrderedValue[], kind: number): boolean {
  return values.length === 0 || (values.length === 1 && values[0]!.kind === kind)
}

function canTake(request: SlowRequest): boolean {
  return isFree(request.all('user'), Kind.object) && isFree(request.all('user.data'), Kind.array)
}

/** A way of matches may be used: each is the exchange's, or the segment's owner's. */
function reaches({ over }: Held[number], owner: string): boolean {
  return over.some((way) => way.every((edge) => edge === '' || edge === owner))
}

function allowed(partner: string, consent: Consent): boolean {
  const { roles, gvlId } = PARTNERS[partner]!
  return !roles.some((role) => VENDORS.includes(role)) || consent.allowsProvider(gvlId)
}

const VENDORS = ['dmp', 'data_provider', 'ssp']

function dataFor({ request, buyer, consent, held }: Asked): string[] {
  const objects = new Map<
    string,
    { name: string; segtax?: number; seats: string[]; id: string; ids: Set<string>; t?: string }
  >()
  const there = thereIn(request)
  for (const one of held) {
    const { owner } = SEGMENTS[one.segment]!
    if (!reaches(one, owner) || !allowed(owner, consent)) continue
    const name = PARTNERS[owner]!.domain
    const { writes, isOnNotice } = writesOf(one.segment, buyer, request)
    const isThere = ({ segtax, id }: { segtax: number | undefined; id: string }) =>
      there.has(JSON.stringify([name, segtax ?? null, id]))
    for (const write of writes) {
      const { id, segtax, seats } = write
      if (isThere(write)) continue
      const key = JSON.stringify([owner, segtax, seats])
      const object = objects.get(key) ?? {
        name,
        id: owner,
        seats,
        ids: new Set(),
        ...(segtax === undefined ? {} : { segtax }),
      }
      objects.set(key, object)
      object.ids.add(id)
      // A node beside an id that is there already is no unit.
      if (isOnNotice && !isThere(writes[0]!)) object.t = TOKEN
    }
  }
  return [...objects.values()]
    .map(({ id, name, ids, segtax, seats, t }) => {
      const ext = {
        ...(segtax === undefined ? {} : { segtax }),
        ...(seats.length ? { seats } : {}),
        ...(t === undefined ? {} : { t }),
      }
      return {
        id,
        name,
        segment: [...ids].map((one) => ({ id: one })),
        ...(Object.keys(ext).length ? { ext } : {}),
      }
    })
    .map(sortedData)
    .sort()
}

/** One spelling for a Data object, whatever the order of its segments. */
export function sortedData(data: { segment: { id: string }[] }): string {
  const segment = [...data.segment].sort((a, b) => (a.id < b.id ? -1 : 1))
  return JSON.stringify({ ...data, segment })
}

function writesOf(segment: string, buyer: string, request: SlowRequest) {
  const { owner, taxonomy } = SEGMENTS[segment]!
  const free = { id: segment, segtax: undefined, seats: [] }
  if (owner === buyer) return { writes: [free], isOnNotice: false }
  const contract = Object.values(CONTRACTS).find(
    (one) =>
      one.buyer === buyer && one.segments.includes(segment) && coversCountry(one.regions, request),
  )
  if (!contract) return { writes: [], isOnNotice: false }
  const { writeAs = 'own', seats = [], externalIds = {} } = contract
  const own = { id: externalIds[segment] ?? segment, segtax: undefined, seats }
  const node = taxonomy && { id: taxonomy.id, segtax: taxonomy.segtax, seats }
  const writes = [
    ...(writeAs === 'taxonomy' ? [] : [own]),
    ...(writeAs === 'own' || !node ? [] : [node]),
  ]
  return { writes, isOnNotice: contract.billOn !== undefined }
}

/** device.geo.country, alpha-2 meaning the same; where it says nothing, only contracts for everywhere. */
function coversCountry(regions: string[] = [], request: SlowRequest): boolean {
  if (regions.length === 0) return true
  const [country, ...others] = request
    .plain('device.geo.country')
    .map((one) => String(one).toUpperCase())
  if (country === undefined || others.some((other) => other !== country)) return false
  const alpha3 = ({ US: 'USA', DE: 'DEU' } as Record<string, string>)[country] ?? country
  return regions.some((one) => one === alpha3 || (one === 'EU' && alpha3 === 'DEU'))
}

type Loose = Partial<Record<'name' | 'id' | 'segment' | 'ext' | 'domain', unknown>>

function objects(value: unknown): Loose[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : []
}

function thereIn(request: SlowRequest): Set<string> {
  const there = new Set<string>()
  for (const data of request.plain('user.data'))
    for (const { name, segment, ext } of objects(data))
      for (const { id } of objects(segment)) {
        const segtax = (ext as { segtax?: unknown } | null | undefined)?.segtax ?? null
        there.add(JSON.stringify([name ?? null, segtax, id ?? null]))
      }
  return there
}

function dealsFor(ask: Asked): Map<number, string[]> {
  const { request, exchange, buyer } = ask
  const holding = Object.entries(DEALS).filter(
    ([, deal]) =>
      deal.exchange === exchange &&
      (deal.buyers.length === 0 || deal.buyers.includes(buyer)) &&
      (deal.site === undefined || placesOf(request).includes(deal.site)) &&
      audienceHolds(deal, ask),
  )
  const added = new Map<number, string[]>()
  const [imp, ...others] = request.all('imp')
  if (imp === undefined || others.length > 0 || imp.kind !== Kind.array) return added
  for (const [i, one] of imp.items.entries()) {
    if (one.kind !== Kind.object) continue
    const pmps = under(one, 'pmp')
    const lists = pmps.flatMap((pmp) => under(pmp, 'deals'))
    if (!isFree(pmps, Kind.object) || !isFree(lists, Kind.array)) continue
    const there = lists.flatMap((list) => objects(plainOf(list, request.bytes))).map(({ id }) => id)
    const fresh = holding.filter(([id]) => !there.includes(id))
    if (fresh.length > 0)
      added.set(
        i,
        fresh.map(([id, deal]) => dealText(id, deal, isOnNotice(deal, ask))),
      )
  }
  return added
}

export function dealText(
  id: string,
  { bidfloor }: Pick<OracleDeal, 'bidfloor'>,
  hasToken: boolean,
): string {
  const floor = bidfloor === undefined ? '' : `,"bidfloor":${bidfloor}`
  return `{"id":"${id}"${floor}${hasToken ? `,"ext":{"t":"${TOKEN}"}` : ''}}`
}

/** Its seller uses a segment that makes it hold under a contract billed on notice. */
function isOnNotice({ seller, audience = {} }: OracleDeal, { held }: Asked): boolean {
  const { any = [], all = [], none = [] } = audience
  const used = [...any.filter((id) => has(id, held)), ...all, ...none]
  return used.some((id) => licenceOf(id, seller)?.billOn !== undefined)
}

function licenceOf(segment: string, seller: string) {
  return Object.values(CONTRACTS).find(
    (one) => one.buyer === seller && one.segments.includes(segment),
  )
}

function has(segment: string, held: Held): boolean {
  const { owner } = SEGMENTS[segment]!
  return held.some((one) => one.segment === segment && reaches(one, owner))
}

/** Ids and domains of where the impression is: of the site and of the app. */
function placesOf(request: SlowRequest): unknown[] {
  return ['site.id', 'site.domain', 'app.id', 'app.bundle'].flatMap((path) =>
    request
      .plain(path)
      .filter((one) => typeof one === 'string')
      .slice(-1),
  )
}

function audienceHolds({ seller, audience }: OracleDeal, { held, consent }: Asked): boolean {
  if (audience === undefined) return true
  const { any = [], all = [], none = [] } = audience
  const segments = [...any, ...all, ...none]
  const owners = segments.map((one) => SEGMENTS[one]!.owner)
  if (owners.some((owner, i) => owner !== seller && !licenceOf(segments[i]!, seller))) return false
  if (![seller, ...owners].every((owner) => allowed(owner, consent))) return false
  const isIn = (id: string) => has(id, held)
  return (any.length === 0 || any.some(isIn)) && all.every(isIn) && !none.some(isIn)
}
