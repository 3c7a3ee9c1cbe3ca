// The bid path as `main.ts` opens it, over a real door, store and ledger, in one process of its own. With
// `free` the same segments are given as if nobody owed anything for them: nothing is counted or sealed. With
// `unnoted` nobody notes who was given what about whom.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAudience } from '../../audience/audience.ts'
import { systemClock as clock } from '../../audience/clock.ts'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import { openStore } from '../../audience/store/open-store.ts'
import type { BuyerView, Entitlement } from '../../exchange/buyer-view.ts'
import { EgressMeter } from '../../exchange/egress/egress-meter.ts'
import { EgressSpool } from '../../exchange/egress/egress-spool.ts'
import { type Exchange, openExchange } from '../../exchange/exchange.ts'
import type { ExchangeCatalog } from '../../exchange/exchange-catalog.ts'
import { openLedger } from '../../exchange/ledger/open-ledger.ts'
import { MatchCounts } from '../../exchange/matchrates/match-counts.ts'
import { Usage } from '../../exchange/usage/usage.ts'
import { openGateway } from '../../gateway/gateway.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import { contractBody, dealBody, segmentBody } from '../ours.ts'
import {
  BUYER,
  CACHED_PEOPLE,
  EXCHANGE,
  IDS_EACH,
  makePeople,
  PROVIDERS,
  SEGMENTS,
  UNSOLD,
} from '../workload.ts'

const OPERATOR = { operator: true } as const
/** Providers in turn: two bill on notice, one on delivery, so that an answer owes both. */
const BILL_ON = ['billable', 'delivered', 'win']
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const [port, mode] = [Number(process.argv[2]), process.argv[3]]
const folder = mkdtempSync(join(tmpdir(), 'passerelle-bid-path-'))
process.once('SIGTERM', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})

const store = await openStore(`embedded:${folder}`, { clock, dataDir: folder })
const audience = await openAudience({
  store,
  clock,
  log: quiet,
  nearCacheMax: CACHED_PEOPLE * IDS_EACH,
})
const { feed } = audience
const exchange = await openExchange({ feed, catalogStore: store.catalog, clock, log: quiet })
const key = await settle(exchange.desk)
const ledger = await openLedger({
  dir: join(folder, 'ledger'),
  process: 'bid 1',
  clock,
  log: quiet,
})
const egress = new EgressMeter(
  await EgressSpool.open(join(folder, 'egress'), 'bid 1', clock),
  clock,
)
await openGateway({
  host: '127.0.0.1',
  port,
  audience,
  exchange: seenThrough(exchange, (one) => (mode === 'free' ? { ...one, use: undefined } : one)),
  usage: new Usage({ ledger, clock, deriveKey: audience.deriveKey.bind(audience) }),
  egress: mode === 'unnoted' ? { isOpen: () => true, note() {} } : egress,
  matchCounts: new MatchCounts(),
  metrics: new Metrics(),
  clock,
  gvl: undefined,
  ownGvlId: undefined,
  domain: 'gateway.example',
  healthRoutes: [],
  warn: () => {},
})
process.send?.(key)

async function settle(desk: Exchange['desk']): Promise<string> {
  const partner = (roles: string[], { id, ...more }: { id: string; domain: string }) =>
    desk.putPartner(OPERATOR, { id, body: { name: id, roles, region: 'EU', ...more } })
  await partner(['ssp'], EXCHANGE)
  await partner(['dsp'], BUYER)
  for (const provider of PROVIDERS) await partner(['dmp', 'data_provider'], provider)
  const [first] = PROVIDERS
  for (const { id, owner } of [...SEGMENTS, ...UNSOLD.map((id) => ({ id, owner: first! }))])
    await desk.putSegment(OPERATOR, { id, body: segmentBody(owner.id) })
  for (const [i, { id }] of PROVIDERS.entries()) {
    const body = { ...contractBody(id), billOn: BILL_ON[i] }
    await desk.putContract(OPERATOR, { id: `${id}-sells`, body })
  }
  const body = dealBody([SEGMENTS[0]!.id])
  await desk.putDeal(OPERATOR, { id: 'bench-deal-1', body })
  await audience.poke()
  await audience.assign(peopleLines())
  const made = await desk.createKey(OPERATOR, {
    partner: BUYER.id,
    body: { exchange: EXCHANGE.id },
  })
  await audience.poke()
  return made.key
}

function peopleLines() {
  const snapshot = feed.current()!
  const numberOf = (kind: string, id: string) =>
    (snapshot.kind(kind).get(id)!.value as Namespace | Segment).number
  return makePeople().map(({ uid, segments, unsold }) => ({
    namespace: numberOf(NAMESPACE_KIND, BUYER.id),
    value: uid,
    add: [...segments, ...unsold].map((id) => ({
      segment: numberOf(SEGMENT_KIND, id),
      ttlDays: 30,
    })),
    remove: [],
  }))
}

/** An exchange whose entitlements are seen through a glass: both contenders look through one, at the same cost. */
function seenThrough(room: Exchange, glass: (one: Entitlement) => Entitlement): Exchange {
  const catalogs = new WeakMap<ExchangeCatalog, ExchangeCatalog>()
  const views = new WeakMap<BuyerView, BuyerView>()
  const catalogSeen = (catalog: ExchangeCatalog) => ({
    version: catalog.version,
    eidNamespaces: catalog.eidNamespaces,
    told: catalog.told,
    resolvedEids: catalog.resolvedEids,
    partner: (id: string) => catalog.partner(id),
    partnerByNumber: (number: number) => catalog.partnerByNumber(number),
    findKey: (presented: string, scope?: string) => catalog.findKey(presented, scope),
    viewFor: (...asked: Parameters<ExchangeCatalog['viewFor']>) =>
      kept(views, catalog.viewFor(...asked), viewSeen),
  })
  const viewSeen = (view: BuyerView): BuyerView => {
    const seen: (Entitlement | undefined)[] = []
    return {
      buyer: view.buyer,
      validUntilMs: view.validUntilMs,
      entitlement(segment) {
        const known = seen[segment]
        if (known) return known
        const one = view.entitlement(segment)
        return one && (seen[segment] = glass(one))
      },
      entitlements: () => view.entitlements().map(glass),
      isCapped: (segment) => view.isCapped(segment),
      identity: () => view.identity(),
      edgeShared: (edgeOwner, segmentOwner) => view.edgeShared(edgeOwner, segmentOwner),
      segmentOwner: (segment) => view.segmentOwner(segment),
      deals: (number) => view.deals(number),
    }
  }
  return {
    ...room,
    confirmed: () => room.confirmed(),
    catalog() {
      const catalog = room.catalog()
      return (
        catalog && kept(catalogs, catalog, (one) => catalogSeen(one) as unknown as ExchangeCatalog)
      )
    },
  }
}

function kept<T extends object>(among: WeakMap<T, T>, one: T, make: (one: T) => T): T {
  let seen = among.get(one)
  if (!seen) among.set(one, (seen = make(one)))
  return seen
}
