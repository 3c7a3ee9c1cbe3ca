import type { OwnerLookup } from '../../audience/events/rule-book.ts'
import type { PartnerRecord } from '../partner.ts'
import { licencesOf } from '../provenance/licences.ts'

/** What a rule book has to know of a partner. */
export const ownerOf: OwnerLookup = (snapshot, id, nowMs) => {
  const partner = snapshot.kind('partner').get(id)?.value as PartnerRecord | undefined
  if (!partner) return undefined
  const timeZone = partner.settings?.timeZone ?? 'UTC'
  return { number: partner.number, timeZone, licences: licencesOf(snapshot, id, nowMs) }
}
