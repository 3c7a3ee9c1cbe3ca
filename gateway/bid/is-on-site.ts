import { type BidFacts, INVENTORY_COUNT } from '../../proto/bid-facts.ts'
import { textOf } from '../../proto/text.ts'

/** Whether the request's site or app is one of these, by its id, its domain or its bundle. */
export function isOnSite(facts: BidFacts, sites: readonly string[]): boolean {
  const { bytes, form, inventoryStart, inventoryEnd } = facts
  for (let i = 0; i < INVENTORY_COUNT; i++) {
    if (inventoryStart[i]! < 0) continue
    const name = textOf(bytes, form.inventoryKind, inventoryStart[i]!, inventoryEnd[i]!)
    if (sites.includes(name)) return true
  }
  return false
}
