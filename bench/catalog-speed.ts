import { CatalogSnapshot } from '../audience/store/catalog-snapshot.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import type { BuyerView } from '../exchange/buyer-view.ts'
import { ExchangeCatalog } from '../exchange/exchange-catalog.ts'
import { contractBody, dealBody, segmentBody } from './ours.ts'
import { BUYER, EXCHANGE, PROVIDERS } from './workload.ts'

const RECORDS = 10_000
const CHANGES = 200
/** Segments a request's person is in. */
const ASKED = 30
const PARTNERS = [EXCHANGE, BUYER, ...PROVIDERS].map(({ id }) => id)

export interface CatalogSpeed {
  /** Everything compiled from nothing: 10,000 segments, contracts with one buyer, and deals. */
  compileMs: number
  /** One contract changed: the new version, and the first request of its buyer under it. Median. */
  changeMs: number
}

/** What a catalog change costs a bid process, on the event loop that answers requests. */
export function measureCatalog(): CatalogSpeed {
  let version = 0
  const record = (kind: string, id: string, value: object): CatalogRecord => ({
    kind,
    id,
    version: ++version,
    value,
  })
  let snapshot = CatalogSnapshot.of({ version, records: [...world(record)] })
  const beganMs = performance.now()
  let catalog = ExchangeCatalog.compile(snapshot)
  const compileMs = performance.now() - beganMs
  const tookMs = Array.from({ length: CHANGES }, (_, i) => {
    const changed = record('contract', `c${i}`, contract(i, i % 2 === 0 ? 'revoked' : 'active'))
    const changedMs = performance.now()
    snapshot = snapshot.with({ version, records: [changed] })
    catalog = ExchangeCatalog.compile(snapshot, catalog)
    ask(catalog.viewFor(numberOf(BUYER.id), 0, Date.now(), 'all'))
    return performance.now() - changedMs
  }).sort((a, b) => a - b)
  return { compileMs, changeMs: tookMs[CHANGES >> 1]! }
}

function* world(
  record: (kind: string, id: string, value: object) => CatalogRecord,
): Iterable<CatalogRecord> {
  for (const { id, domain } of [EXCHANGE, BUYER, ...PROVIDERS]) {
    const number = numberOf(id)
    const roles = id === BUYER.id ? ['dsp'] : ['dmp']
    const more = { number, namespace: number, status: 'active' }
    yield record('partner', id, { name: id, domain, roles, region: 'EU', ...more })
  }
  for (let i = 0; i < RECORDS; i++) {
    yield record('segment', `s${i}`, { ...segmentBody(ownerOf(i)), number: i + 1 })
    yield record('contract', `c${i}`, contract(i, 'active'))
    yield record('deal', `d${i}`, { ...dealBody([`s${i}`]), seller: ownerOf(i) })
  }
}

function contract(i: number, status: string): object {
  const createdAt = '2020-01-01T00:00:00Z'
  return { ...contractBody(ownerOf(i), [`s${i}`]), version: 1, createdAt, status }
}

function ask(view: BuyerView): void {
  const deals = view.deals(numberOf(EXCHANGE.id))
  for (let segment = 1; segment <= ASKED; segment++) {
    view.entitlement(segment)
    deals?.under(segment)
  }
}

const ownerOf = (i: number) => PROVIDERS[i % PROVIDERS.length]!.id
const numberOf = (partner: string) => PARTNERS.indexOf(partner) + 1
