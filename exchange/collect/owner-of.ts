import type { OwnerLookup } from '../../audience/events/rule-book.ts'
import type { PartnerRecord } from '../partner.ts'

/** What a rule book has to know of a partner. */
export const ownerOf: OwnerLookup = (snapshot, id) => {
  const partner = snapshot.kind('partner').get(id)?.value as PartnerRecord | undefined
  return partner && { number: partner.number, timeZone: partner.settings?.timeZone ?? 'UTC' }
}
