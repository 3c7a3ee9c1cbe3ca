import { Kind } from '../../proto/bid-facts.ts'
import type { RequestPlaces } from '../../proto/request-places.ts'
import type { Bid } from './bid.ts'
import { isFree } from './place-json.ts'

/**
 * Where the request speaks of the DSA and something about the person is added, each provider of it is
 * named in `regs.ext.dsa.transparency`, unless it is already. A list that is no list is left alone.
 */
export function planTransparency(bid: Bid): void {
  const { plan, places, wire } = bid
  if (places.dsa.kind !== Kind.object || !canTakeEntries(places)) return
  const domains = providersAdded(bid)
  if (domains.length === 0) return
  const told = wire.form.domainsTold(bid)
  const owing = told ? domains.filter((domain) => !told.has(domain)) : domains
  if (owing.length > 0) plan.transparency = owing
}

function canTakeEntries({ regs, regsExt, dsa, transparency }: RequestPlaces): boolean {
  const isOnce = regs.count === 1 && regsExt.count === 1 && dsa.count === 1
  return isOnce && isFree(transparency, Kind.array)
}

/** Domains of all whose data about the person is added: as segments, as ids, or as the audience of a deal. */
function providersAdded({ plan, selection }: Bid): readonly string[] {
  const domains = plan.fragment?.domains ?? []
  if (selection.personDeals.length === 0 && plan.ids === undefined) return domains
  const all = new Set([...domains, ...(plan.ids?.domains ?? [])])
  for (const { deal } of plan.placed)
    if (selection.personDeals.includes(deal))
      for (const provider of deal.providers) all.add(provider.domain)
  return all.size === domains.length ? domains : [...all]
}
