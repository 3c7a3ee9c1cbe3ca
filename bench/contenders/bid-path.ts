// The bid path as `main.ts` opens it, over a real door, store and ledger, in one process that is played in several
// ways by turns (turns.ts): the door, the store, the code and what the compiler made of it are the same in each.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAudience } from '../../audience/audience.ts'
import { systemClock as clock } from '../../audience/clock.ts'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import { openStore } from '../../audience/store/open-store.ts'
import { EgressMeter } from '../../exchange/egress/egress-meter.ts'
import { EgressSpool } from '../../exchange/egress/egress-spool.ts'
import { type Exchange, openExchange } from '../../exchange/exchange.ts'
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
import { BooksByTurns } from './books-by-turns.ts'
import { exchangeSeen } from './exchange-seen.ts'
import { Turns, type Way } from './turns.ts'

/** Turns to play, which are answered with CPU a request; or what is written beside them, for so many requests. */
export type BidPathJob = { ways: Way[]; requests: number } | { requestsPerS: number }

const OPERATOR = { operator: true } as const
/** Providers in turn: two bill on notice, one on delivery, so that an answer owes both. */
const BILL_ON = ['billable', 'delivered', 'win']
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const port = Number(process.argv[2])
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

const usage = new Usage({ ledger, clock, deriveKey: audience.deriveKey.bind(audience) })
const turns = new Turns()
const books = new BooksByTurns(turns, usage.meter, egress)
const matchCounts = new MatchCounts()
const owing = exchangeSeen(exchange, (one) => ({ ...one }))
const free = exchangeSeen(exchange, (one) => ({ ...one, use: undefined }))

await openGateway({
  host: '127.0.0.1',
  port,
  audience,
  exchange: {
    ...exchange,
    confirmed: () => exchange.confirmed(),
    catalog: () => (turns.way === 'free' ? free() : owing()),
  },
  usage: {
    ledger,
    keys: () => usage.keys(),
    mint: () => usage.mint(),
    sharing: () => (turns.way === 'free' ? 'all' : usage.sharing()),
    meter: books,
  } as unknown as Usage,
  egress: books,
  matchCounts: {
    bid(buyer, browser, candidates, foundBy) {
      turns.count()
      matchCounts.bid(buyer, browser, candidates, foundBy)
    },
  },
  metrics: new Metrics(),
  clock,
  gvl: undefined,
  ownGvlId: undefined,
  domain: 'gateway.example',
  healthRoutes: [],
  warn: () => {},
})
process.on('message', async (job: BidPathJob) => {
  if ('ways' in job) {
    const us = await turns.play(job.ways, job.requests)
    books.endLearning()
    process.send?.(us)
  } else process.send?.(await books.besideUs(job.requestsPerS))
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
