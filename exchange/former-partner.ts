import type { CatalogSnapshot } from '../audience/store/catalog-snapshot.ts'

/** Catalog kind of partners that were deleted, by their number: who was given something is told by it. */
export const FORMER_PARTNER_KIND = 'former_partner'

export interface FormerPartner {
  /** The id it had. */
  id: string
  domain: string
}

/** How a deleted partner is named: never as one that has its id now. */
export function formerName({ id }: FormerPartner): string {
  return `former:${id}`
}

/** Whether an id was that of somebody else: contracts, usage and statements of that one still name it. */
export function wasAnothers(snapshot: CatalogSnapshot, { id, domain }: FormerPartner): boolean {
  for (const { value } of snapshot.kind(FORMER_PARTNER_KIND).values()) {
    const former = value as FormerPartner
    if (former.id === id && former.domain !== domain) return true
  }
  return false
}
