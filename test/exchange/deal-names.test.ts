import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KindRecords } from '../../audience/store/catalog-snapshot.ts'
import { LayeredMap } from '../../audience/store/layered-map.ts'
import type { CatalogRecord } from '../../audience/store/store.ts'
import { DealNames } from '../../exchange/deal-names.ts'

const id = fc.constantFrom('a', 'b', 'c', 'd')
const name = fc.constantFrom('a', 'b', 'X')
const exchange = fc.constantFrom('ssp', 'ssp2')
const change = fc.record({
  id,
  value: fc.option(fc.record({ exchange, dealId: fc.option(name, { nil: undefined }) })),
})

test('finds the deals a walk over all of them finds, from whatever version it is asked about', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.array(fc.nat(40)), (changes, asked) => {
      const versions: KindRecords[] = [LayeredMap.empty<string, CatalogRecord>()]
      for (const [i, { id, value }] of changes.entries()) {
        const record = value === null ? undefined : { kind: 'deal', id, version: i + 1, value }
        versions.push(versions.at(-1)!.with([[id, record]]))
      }
      const names = new DealNames()
      for (const at of asked) {
        const records = versions[at % versions.length]!
        for (const where of ['ssp', 'ssp2'])
          for (const called of ['a', 'b', 'c', 'X'])
            expect([...names.idsOf(records, where, called)].sort()).toEqual(
              walked(records, where, called),
            )
      }
    }),
  )
})

function walked(records: KindRecords, exchange: string, name: string): string[] {
  const found = [...records.values()].filter(({ id, value }) => {
    const deal = value as { exchange: string; dealId?: string }
    return deal.exchange === exchange && (deal.dealId ?? id) === name
  })
  return found.map(({ id }) => id).sort()
}
