import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import type { PeopleSet } from '../../audience/reach/people-set.ts'
import type { ReachIndex } from '../../audience/reach/reach-index.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ToldTo } from '../reach/told-to.ts'
import type { AccountsOn, KpiShown } from './kpis.ts'

interface AccountsAsked {
  /** The segment of the customers, and who is in it. */
  segment: string
  clients: PeopleSet
  /** Whose pages and apps. */
  owner: string
  /** Signed in on this UTC day or later. */
  firstDay: number
  told: ToldTo
}

/**
 * How many customers use an account on pages, in apps, on both. Who signed in has a match with the
 * visitor's id there, which each message that names both says anew.
 */
export function accountRates(
  index: ReachIndex,
  snapshot: CatalogSnapshot,
  { segment, clients, owner, firstDay, told }: AccountsAsked,
): KpiShown[] {
  const signedIn = (kind: Source['kind']) => {
    const visitors = visitorsOf(snapshot, owner, kind)
    return index.metSince(firstDay, (namespace) => visitors.has(namespace)).keep(clients)
  }
  const [web, app] = [signedIn('web'), signedIn('app')]
  const both = web.countWith(app)
  const counts: Record<AccountsOn, number> = {
    any: web.count() + app.count() - both,
    web: web.count() - both,
    app: app.count() - both,
    both,
  }
  const of = clients.count()
  return Object.entries(counts).map(([on, count]) => ({
    ...{ kpi: 'account_rate', segment, on: on as AccountsOn },
    ...told.rate(count, of),
  }))
}

/** Numbers of the namespaces of an owner's visitors, of sources of a kind. */
function visitorsOf(
  snapshot: CatalogSnapshot,
  owner: string,
  kind: Source['kind'],
): ReadonlySet<number> {
  const sources = [...snapshot.kind(SOURCE_KIND).values()].map(({ value }) => value as Source)
  const names = sources
    .filter((source) => source.owner === owner && source.kind === kind)
    .flatMap(({ namespaces }) => namespaces.anonymousId ?? [])
  const numbers = names.flatMap(
    (name) =>
      (snapshot.kind(NAMESPACE_KIND).get(name)?.value as Namespace | undefined)?.number ?? [],
  )
  return new Set(numbers)
}
