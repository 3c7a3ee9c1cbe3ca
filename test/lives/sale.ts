import type { Product } from '../support/product.ts'

/** A contract between `dmp` and `dsp`, at 1 EUR per 1,000 units; its segments are still to be named. */
export const SALE = {
  seller: 'dmp',
  buyer: 'dsp',
  price: { kind: 'cpm', amountMicros: 1_000_000, currency: 'EUR' },
  uses: ['bid_enrichment'],
  startsAt: '2020-01-01',
  endsAt: '2099-01-01',
  status: 'active',
}

export interface Sale {
  /** Who owns each segment: `dmp` or `dsp`. */
  segments: Readonly<Record<string, string>>
  contracts?: Readonly<Record<string, object>>
  /** Segments of people, by their uid at `dsp`. */
  people: Readonly<Record<string, readonly string[]>>
}

/** Makes the two partners and what is sold; answers the buyer's key. */
export async function makeSale(product: Product, sale: Sale): Promise<string> {
  const { segments, contracts = {}, people } = sale
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  for (const [id, role] of [
    ['dsp', 'dsp'],
    ['dmp', 'data_provider'],
  ] as const)
    await put(`partners/${id}`, { name: id, domain: `${id}.example`, roles: [role], region: 'US' })
  for (const [id, owner] of Object.entries(segments))
    await put(`segments/${id}`, { name: id, owner, provenance: 'third_party', ttlDays: 30 })
  for (const [id, body] of Object.entries(contracts)) await put(`contracts/${id}`, body)
  const lines = Object.entries(people).map(([uid, add]) => ({ source: 'dsp', uid, add }))
  await product.must('POST', '/api/memberships', { lines })
  return (await product.must('POST', '/api/partners/dsp/keys', { body: {} })).key
}
