import type { BuyerView, Entitlement } from '../../exchange/buyer-view.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import type { ExchangeCatalog } from '../../exchange/exchange-catalog.ts'

/** The catalog of an exchange whose entitlements are seen through a glass: all glasses look through at the same cost. */
export function exchangeSeen(
  room: Exchange,
  glass: (one: Entitlement) => Entitlement,
): () => ExchangeCatalog | undefined {
  const catalogs = new WeakMap<ExchangeCatalog, ExchangeCatalog>()
  const views = new WeakMap<BuyerView, BuyerView>()
  const catalogSeen = (catalog: ExchangeCatalog) => ({
    version: catalog.version,
    eidNamespaces: catalog.eidNamespaces,
    told: catalog.told,
    resolvedEids: catalog.resolvedEids,
    partner: (id: string) => catalog.partner(id),
    partnerByNumber: (number: number) => catalog.partnerByNumber(number),
    findKey: (presented: string, scope?: string) => catalog.findKey(presented, scope),
    viewFor: (...asked: Parameters<ExchangeCatalog['viewFor']>) =>
      kept(views, catalog.viewFor(...asked), (view) => viewSeen(view, glass)),
  })
  return () => {
    const catalog = room.catalog()
    return (
      catalog && kept(catalogs, catalog, (one) => catalogSeen(one) as unknown as ExchangeCatalog)
    )
  }
}

function viewSeen(view: BuyerView, glass: (one: Entitlement) => Entitlement): BuyerView {
  const seen: (Entitlement | undefined)[] = []
  return {
    buyer: view.buyer,
    validUntilMs: view.validUntilMs,
    entitlement(segment) {
      const known = seen[segment]
      if (known) return known
      const one = view.entitlement(segment)
      return one && (seen[segment] = glass(one))
    },
    entitlements: () => view.entitlements().map(glass),
    isCapped: (segment) => view.isCapped(segment),
    identity: () => view.identity(),
    edgeShared: (edgeOwner, segmentOwner) => view.edgeShared(edgeOwner, segmentOwner),
    segmentOwner: (segment) => view.segmentOwner(segment),
    deals: (number) => view.deals(number),
  }
}

function kept<T extends object>(among: WeakMap<T, T>, one: T, make: (one: T) => T): T {
  let seen = among.get(one)
  if (!seen) among.set(one, (seen = make(one)))
  return seen
}
