import type { Audience } from '../../audience/audience.ts'
import type { Namespace } from '../../audience/namespace.ts'
import { type PopulationOptions, population, type Truth } from './people.ts'
import { CUSTOMER } from './shop.ts'

/** What the graph knows of customers, held against what is true. */
export interface Weighed {
  /** Customers with a customer area. */
  clients: number
  /** Of these: who signed in somewhere and let it be kept, and who is known on a device. */
  signedIn: number
  reconciled: number
  /** Pairs of customer and device: true ones, known ones, and those that are both. */
  pairsTrue: number
  pairsKnown: number
  pairsRight: number
  /** Customers who are one person with another customer. */
  overMerged: number
  precision: number
  recall: number
}

/** Makes the population once more and looks each of its customers up. */
export async function weighTruth(audience: Audience, options: PopulationOptions): Promise<Weighed> {
  const counts = {
    ...{ clients: 0, signedIn: 0, reconciled: 0 },
    ...{ pairsTrue: 0, pairsKnown: 0, pairsRight: 0, overMerged: 0 },
  }
  for (const { truth } of population(options)) {
    const customers = truth.filter(({ customer }) => customer !== undefined)
    const known = await devicesOf(audience, customers)
    for (const [i, { hasArea, devices }] of customers.entries()) {
      const { found, others } = known[i]!
      if (hasArea) {
        counts.clients++
        if (devices.length > 0) counts.signedIn++
        if (found.size > 0) counts.reconciled++
      }
      counts.pairsTrue += devices.length
      counts.pairsKnown += found.size
      counts.pairsRight += devices.filter((device) => found.has(device)).length
      if (others > 0) counts.overMerged++
    }
  }
  const { pairsTrue, pairsKnown, pairsRight } = counts
  return { ...counts, precision: pairsRight / pairsKnown, recall: pairsRight / pairsTrue }
}

/** Each customer's devices, and how many other customers are one person with it. */
async function devicesOf(audience: Audience, customers: readonly Truth[]) {
  const record = audience.feed.current()!.kind('namespace').get(CUSTOMER)!
  const namespace = (record.value as Namespace).number
  const starts = customers.map(({ customer }) => ({ namespace, value: customer! }))
  const { ids, edges } = await audience.known(starts)
  const near = new Map<number, number[]>()
  for (const { a, b } of edges) {
    near.set(a, [...(near.get(a) ?? []), b])
    near.set(b, [...(near.get(b) ?? []), a])
  }
  return customers.map((_, start) => {
    const reached = new Set([start])
    for (const at of reached) for (const next of near.get(at) ?? []) reached.add(next)
    const people = [...reached].map((at) => ids[at]!)
    const devices = people.filter((id) => id.namespace !== namespace)
    const found = new Set(devices.map(({ value }) => value))
    return { found, others: people.length - devices.length - 1 }
  })
}
