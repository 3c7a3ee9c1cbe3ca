/**
 * Whose ids a buyer is told, read slowly: every way from the request's id is walked by itself, and every rule asked of
 * each. Shares nothing with the bid path.
 */

/** [namespace, value] */
export type Name = readonly [source: string, value: string]

export interface Match {
  a: Name
  b: Name
  /** Partner id; '' is the exchange. */
  owner: string
  method: number
}

export interface OracleSeller {
  /** Its domain. */
  domain: string
  contract: string
  /** GVL id to be allowed where the GDPR applies. */
  gvlId: number
  /** Alpha-3 codes; empty: everywhere. */
  regions: string[]
}

export interface ToldWorld {
  /** Our own domain. */
  domain: string
  /** Source → owner; '' is the exchange. */
  sources: Record<string, string>
  /** Buyer → its sellers of `identity`, by partner id, the oldest contract first. */
  sellers: Record<string, Record<string, OracleSeller>>
  partnerDomains: Record<string, string>
}

export interface ToldAsk {
  buyer: string
  /** What the request names, and where: an eid with its mm, where it has one. */
  start: Name
  place: 'buyeruid' | 'user_id' | 'eids' | 'ifa'
  mm: number | undefined
  country: string | undefined
  /** Vendors allowed where the GDPR applies; undefined: it does not. */
  vendors: number[] | undefined
}

export interface Told {
  source: string
  matcher: string
  mm: number
  id: string
}

export function toldIds(
  { domain, sources, sellers, partnerDomains }: ToldWorld,
  matches: readonly Match[],
  ask: ToldAsk,
): { eids: Told[]; buyeruid: string | undefined } {
  const { buyer, start, country, vendors } = ask
  const open = Object.entries(sellers[buyer] ?? {}).filter(
    ([, { regions, gvlId }]) =>
      (regions.length === 0 || (country !== undefined && regions.includes(country))) &&
      (vendors === undefined || vendors.includes(gvlId)),
  )
  const eids: Told[] = []
  const own = open.length === 0 ? undefined : ownOf(matches, start, buyer)
  if (own !== undefined)
    eids.push({
      ...{ source: partnerDomains[buyer]!, matcher: domain },
      ...{ mm: weakest([startMethod(ask), 2]), id: own },
    })
  const told = new Set<string>()
  for (const [seller, { domain: sellers }] of open)
    for (const target of namesIn(matches)) {
      const name = target.join(' ')
      const owner = sources[target[0]]
      if (owner === undefined || told.has(name) || name === start.join(' ')) continue
      if (!['', seller, buyer].includes(owner)) continue
      const ways = waysTo(matches, start, target)
      const over = (owners: string[]) =>
        ways
          .filter((way) => way.every((match) => owners.includes(match.owner)))
          .map((way) => weakest([startMethod(ask), ...way.map(({ method }) => method)]))
      const [ours, theirs] = [over(['']), over(['', seller])]
      if (theirs.length === 0) continue
      told.add(name)
      const best = strongest(ours.length > 0 ? ours : theirs)
      const matcher = ours.length > 0 ? domain : sellers
      eids.push({ source: target[0], matcher, mm: best, id: target[1] })
    }
  return { eids, buyeruid: own }
}

/** Over a sync of the request's id and a sync of the buyer's, both with one browser. */
function ownOf(matches: readonly Match[], start: Name, buyer: string): string | undefined {
  const synced = matches.filter(({ owner, method }) => owner === '' && method === 2)
  const browsersOf = ({ a, b }: Match, id: string) =>
    a[0] === 'browser' && b.join(' ') === id ? [a[1]] : []
  const browsers = synced.flatMap((match) => browsersOf(match, start.join(' ')))
  const values = synced
    .filter(({ a, b }) => a[0] === 'browser' && browsers.includes(a[1]) && b[0] === buyer)
    .map(({ b }) => b[1])
  const [value, ...others] = new Set(values)
  return others.length > 0 ? undefined : value
}

function startMethod({ place, mm }: ToldAsk): number {
  if (place === 'eids') return mm ?? 0
  return place === 'buyeruid' ? 2 : 1
}

/** From what says most to what says least; a vendor's own numbers come after. */
const ORDER = [1, 2, 0, 3, 4, 5]
const rank = (method: number) => (ORDER.includes(method) ? ORDER.indexOf(method) : method)
const weakest = (methods: number[]) => methods.reduce((a, b) => (rank(b) > rank(a) ? b : a))
const strongest = (methods: number[]) => methods.reduce((a, b) => (rank(b) < rank(a) ? b : a))

function namesIn(matches: readonly Match[]): Name[] {
  const names = matches.flatMap(({ a, b }) => [a, b])
  return [...new Map(names.map((name) => [name.join(' '), name])).values()]
}

/** Every way that passes no id twice. */
function waysTo(matches: readonly Match[], from: Name, to: Name): Match[][] {
  const ways: Match[][] = []
  const walk = (at: string, way: Match[], seen: string[]): void => {
    if (at === to.join(' ')) {
      ways.push(way)
      return
    }
    for (const match of matches) {
      const [a, b] = [match.a.join(' '), match.b.join(' ')]
      const next = a === at ? b : b === at ? a : undefined
      if (next !== undefined && !seen.includes(next)) walk(next, [...way, match], [...seen, next])
    }
  }
  walk(from.join(' '), [], [from.join(' ')])
  return ways
}
