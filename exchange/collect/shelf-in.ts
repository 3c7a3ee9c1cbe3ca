import { SOURCE_KIND, type Source, shelfOf } from '../../audience/events/source.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { PartnerRecord } from '../partner.ts'

/** The shelf of a source in a catalog; undefined where there is no such source. */
export function shelfIn(snapshot: CatalogSnapshot, id: string): string | undefined {
  const source = snapshot.kind(SOURCE_KIND).get(id)?.value as Source | undefined
  const owner = source && (snapshot.kind('partner').get(source.owner)?.value as PartnerRecord)
  return owner && shelfOf({ id, owner: owner.number })
}
