import { LIMITS } from '../limits.ts'
import { NAMESPACE_KIND, type Namespace, type NamespaceKind, OWN_NAMESPACES } from '../namespace.ts'
import type { CatalogSnapshot } from '../store/catalog-snapshot.ts'

/** How ids of a kind take part in making people of them, where their namespace says nothing else. */
export const KindRules: Readonly<Record<NamespaceKind, { priority: number; claimsMax: number }>> = {
  crm: { priority: 100, claimsMax: 1 },
  hash: { priority: 80, claimsMax: 8 },
  eid: { priority: 60, claimsMax: LIMITS.idsPerPersonMax },
  partner: { priority: 50, claimsMax: LIMITS.idsPerPersonMax },
  device: { priority: 40, claimsMax: 15 },
  source: { priority: 30, claimsMax: 30 },
  browser: { priority: 20, claimsMax: LIMITS.idsPerPersonMax },
}

/** What namespaces, by number, say of their ids. */
export interface NamespaceRules {
  /** How many of its ids one person may have, whoever says so; undefined: as many as a person has. */
  max(namespace: number): number | undefined
  /** The same where events say so (people/settle-claims.ts). */
  claimsMax(namespace: number): number
  /** Of two claims that cannot both hold, the one between ids of higher priority does. */
  priority(namespace: number): number
}

/** The rules of the namespaces of a catalog. */
export function namespaceRules(snapshot: CatalogSnapshot | undefined): NamespaceRules {
  const kept = [...(snapshot?.kind(NAMESPACE_KIND).values() ?? [])]
  const all = [...OWN_NAMESPACES.values(), ...kept.map(({ value }) => value as Namespace)]
  const byNumber = new Map(all.map((namespace) => [namespace.number, namespace]))
  const kindRules = (number: number) => KindRules[byNumber.get(number)?.kind ?? 'partner']
  return {
    max: (number) => byNumber.get(number)?.maxPerPerson,
    claimsMax: (number) => byNumber.get(number)?.maxPerPerson ?? kindRules(number).claimsMax,
    priority: (number) => byNumber.get(number)?.priority ?? kindRules(number).priority,
  }
}
