// The collector behind the edge door as `main.ts` opens it, in one process of its own, with a shop's source and 200
// traits. Says its write key; told anything, it empties the queue, and says so.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAudience } from '../../audience/audience.ts'
import { systemClock as clock } from '../../audience/clock.ts'
import { openStore } from '../../audience/store/open-store.ts'
import { Collector } from '../../exchange/collect/collector.ts'
import { openExchange } from '../../exchange/exchange.ts'
import { collectRoutes } from '../../gateway/collect/collect-routes.ts'
import { openNodeDoor } from '../../gateway/http/open-node-door.ts'
import { BROWSER_HEADER_BYTES_MAX } from '../../gateway/limits.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import { EVERY_EVENT, shopRule } from '../event-workload.ts'
import { seeded } from '../workload.ts'

const TRAITS = 200
const OPERATOR = { operator: true }
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const [port, address = ''] = [Number(process.argv[2]), process.argv[3]]
const folder = mkdtempSync(join(tmpdir(), 'passerelle-collect-door-'))
process.once('SIGTERM', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})

const where = address === '' ? `embedded:${folder}` : address
const store = await openStore(where, { clock, dataDir: folder })
const audience = await openAudience({ store, clock, log: quiet })
const { feed } = audience
const exchange = await openExchange({ feed, catalogStore: store.catalog, clock, log: quiet })
const { desk } = exchange
const partner = { name: 'x', domain: 'x.example', roles: ['dmp'], region: 'US' }
await desk.putPartner(OPERATOR, { id: 'dmp', body: partner })
const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
const source = { name: 'Shop', kind: 'web', owner: 'dmp', namespaces }
await desk.putSource(OPERATOR, { id: 'shop', body: source })
const random = seeded(TRAITS)
for (let i = 0; i < TRAITS; i++) {
  const when = i === 0 ? EVERY_EVENT : shopRule(random)
  const body = { name: `trait ${i}`, owner: 'dmp', when, ttlDays: 30 }
  await desk.putTrait(OPERATOR, { id: `trait-${i}`, body })
}
const { key } = await desk.createSourceKey(OPERATOR, { source: 'shop', body: {} })
await audience.poke()
await openNodeDoor({
  host: '127.0.0.1',
  port,
  routes: collectRoutes({
    collector: new Collector({ audience, clock }),
    ...{ metrics: new Metrics(), edgeUrl: 'https://edge.bench.example' },
    ...{ gvl: undefined, ownGvlId: undefined, tagScript: '' },
  }),
  clock,
  limits: { headerBytesMax: BROWSER_HEADER_BYTES_MAX },
})

process.on('message', async () => {
  for (;;) {
    const events = await store.events.read(10_000)
    if (events.length === 0) break
    await store.events.ack(events.map(({ id }) => id))
  }
  process.send?.('empty')
})
process.send?.(key)
