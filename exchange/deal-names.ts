import type { KindRecords } from '../audience/store/catalog-snapshot.ts'
import { LayeredMap } from '../audience/store/layered-map.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import { type DealRecord, wireIdOf } from './deal.ts'

/**
 * Deals by exchange and by what they are called there, kept from one catalog version to the next at the cost
 * of what changed: thousands of deals are written one after the other.
 */
export class DealNames {
  #records: KindRecords = LayeredMap.empty()
  readonly #ids = new Map<string, Set<string>>()

  /** Ids of the deals of an exchange that have this name; several only where a store was written by other hands. */
  idsOf(records: KindRecords, exchange: string, wireId: string): readonly string[] {
    this.#follow(records)
    return [...(this.#ids.get(nameIn(exchange, wireId)) ?? [])]
  }

  #follow(records: KindRecords): void {
    if (records === this.#records) return
    for (const [, was, is] of this.#records.differences(records)) {
      if (was) this.#forget(was)
      if (is) this.#learn(is)
    }
    this.#records = records
  }

  #learn(record: CatalogRecord): void {
    const name = nameOf(record)
    const ids = this.#ids.get(name)
    if (ids) ids.add(record.id)
    else this.#ids.set(name, new Set([record.id]))
  }

  #forget(record: CatalogRecord): void {
    const name = nameOf(record)
    const ids = this.#ids.get(name)
    ids?.delete(record.id)
    if (ids?.size === 0) this.#ids.delete(name)
  }
}

function nameOf({ id, value }: CatalogRecord): string {
  const deal = value as DealRecord
  return nameIn(deal.exchange, wireIdOf(id, deal))
}

/** Ids of partners hold no space. */
function nameIn(exchange: string, wireId: string): string {
  return `${exchange} ${wireId}`
}

/** One for the process: whatever it is asked about, it follows. */
export const dealNames = new DealNames()
