// What the egress ledger costs the bid path: the same requests through the same handler in one process, with the
// meter and with one that notes nothing, by turns. `node --import ./test/audience/store/ts-loader.mjs bench/egress-cost.ts` prints the share.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../audience/clock.ts'
import { EgressMeter } from '../exchange/egress/egress-meter.ts'
import { EgressSpool } from '../exchange/egress/egress-spool.ts'
import { WANTS } from '../gateway/bid/arrive.ts'
import { BidMetrics } from '../gateway/bid/bid-metrics.ts'
import { createBidHandler } from '../gateway/bid/handle-bid.ts'
import type { Answer, Ask } from '../gateway/http/door.ts'
import { Metrics } from '../gateway/metrics/counters.ts'
import { BidHouse } from '../test/support/bid-house.ts'

const PEOPLE = 20_000
const REQUESTS = 20_000
const ROUNDS = 24
const NO_ANSWER: Answer = { done: false, send() {}, onAbort() {} }

const house = await BidHouse.open()
await house.settle(world())
const dir = mkdtempSync(join(tmpdir(), 'egress-cost-'))
const meter = new EgressMeter(await EgressSpool.open(dir, 'bench', systemClock), systemClock)
const asks = Array.from({ length: REQUESTS }, (_, i) => askOf(`person-${(i * 7919) % PEOPLE}`))
const withMeter = handlerWith(meter)
const without = handlerWith({ isOpen: () => true, note() {} })
play(without)
const firstUs = await costUs(withMeter)
const pairs: [number, number][] = []
for (let round = 0; round < ROUNDS; round++) {
  const first = round % 2 === 0 ? withMeter : without
  const a = await costUs(first)
  const b = await costUs(first === withMeter ? without : withMeter)
  pairs.push(first === withMeter ? [a, b] : [b, a])
}
const median = (list: number[]) => list.sort((x, y) => x - y)[list.length >> 1]!
const baseUs = median(pairs.map(([, off]) => off))
const share = median(pairs.map(([on, off]) => on / off - 1))
console.log(
  `${baseUs.toFixed(2)} us a request without; known today +${(share * 100).toFixed(1)} %; ` +
    `everybody new +${((firstUs / baseUs - 1) * 100).toFixed(1)} % (once a day)`,
)
await meter.close()
await house.close()
rmSync(dir, { recursive: true, force: true })
process.exit(0)

/** CPU of the whole process, of what is written meanwhile too, for each request. */
async function costUs(handle: ReturnType<typeof handlerWith>): Promise<number> {
  const before = process.cpuUsage()
  play(handle)
  await meter.flush()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / REQUESTS
}

function play(handle: ReturnType<typeof handlerWith>): void {
  for (const ask of asks) handle(ask, NO_ANSWER)
}

function handlerWith(egress: Pick<EgressMeter, 'isOpen' | 'note'>) {
  const { audience, exchange, usage } = house
  const metrics = new BidMetrics(new Metrics(), systemClock)
  const overload = { isBehind: false }
  const rooms = { audience, exchange, usage, egress, overload, metrics }
  return createBidHandler({ ...rooms, clock: systemClock, gvl: undefined, ownGvlId: undefined })
}

function askOf(uid: string): Ask {
  const imp = [{ id: 'a', banner: { w: 300, h: 250 } }]
  const site = { page: 'https://news.example/article', ref: 'x'.repeat(1_500) }
  const body = Buffer.from(JSON.stringify({ id: '1', imp, site, user: { buyeruid: uid } }))
  const authorization = `Bearer ${house.keys.get('dsp')}`
  return {
    method: 'POST',
    path: '/openrtb2/enrich',
    query: '',
    headers: WANTS.map((name) => (name === 'authorization' ? authorization : '')),
    body,
    keepBody: () => body,
    arrivedMs: systemClock.elapsed(),
    remote: () => '',
  }
}

function world() {
  const segments = Array.from({ length: 30 }, (_, n) => `s${n}`)
  return {
    partners: {
      dsp: { name: 'Buyer', domain: 'dsp.example', roles: ['dsp'], region: 'US' },
      dmp: { name: 'Provider', domain: 'dmp.example', roles: ['dmp'], region: 'US' },
    },
    segments: Object.fromEntries(segments.map((id) => [id, { owner: 'dmp' }])),
    contracts: { all: { seller: 'dmp', buyer: 'dsp', segments } },
    people: Array.from({ length: PEOPLE }, (_, n) => ({
      source: 'dsp',
      uid: `person-${n}`,
      add: Array.from({ length: 8 }, (_, k) => segments[(n * 3 + k * 5) % segments.length]!),
    })),
  }
}
