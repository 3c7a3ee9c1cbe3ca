import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { openAudience } from '../../audience/audience.ts'
import { systemClock as clock } from '../../audience/clock.ts'
import { EventDesk } from '../../audience/events/event-desk.ts'
import { RuleBooks } from '../../audience/events/rule-book.ts'
import { openReach } from '../../audience/reach/reach.ts'
import { openStore } from '../../audience/store/open-store.ts'
import { Collector } from '../../exchange/collect/collector.ts'
import { ownerOf } from '../../exchange/collect/owner-of.ts'
import { getFunnel } from '../../exchange/desk/funnel.ts'
import { getKpis } from '../../exchange/desk/kpis.ts'
import { usageDeps } from '../../exchange/desk/open-usage-desk.ts'
import { openExchange } from '../../exchange/exchange.ts'
import { permitMessage } from '../../gateway/collect/permit-message.ts'
import { CHANNELS, type PopulationOptions, population } from './people.ts'
import { CLIENTS, openShop } from './shop.ts'
import { weighTruth } from './weigh-truth.ts'

type Say = (line: string) => void

/** Events that wait while no more are sent. */
const WAITING_MAX = 20_000
const WAIT_MS = 5
const SAY_EVERY_MS = 5_000
const MIB = 1024 * 1024
const OPERATOR = { operator: true }
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * `npm run bench -- --population 1000000`: so many seeded people come in at the collector, over an embedded store, with
 * the desk behind it in one process. Says how far it is, and in the end what the graph makes of them beside what is true.
 */
export async function runPopulation(people: number, seed: number, say: Say): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-population-'))
  const house = await openHouse(dir)
  try {
    const options = { people, seed, endMs: clock.now() }
    const beganMs = clock.elapsed()
    const sent = await sendAll(house, options, say)
    const tookS = (clock.elapsed() - beganMs) / 1_000
    say(
      `${sent} events of ${people} people in ${tookS.toFixed(0)} s: ${Math.round(sent / tookS)}/s; ` +
        `${(bytesIn(dir) / people).toFixed(0)} B on disk a person, ${memory()}`,
    )
    await tellTruth(house, options, say)
  } finally {
    await house.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

type House = Awaited<ReturnType<typeof openHouse>>

async function openHouse(dir: string) {
  const store = await openStore(`embedded:${dir}`, { clock, dataDir: dir })
  const audience = await openAudience({ store, clock, log: quiet })
  const { feed } = audience
  const options = { feed, catalogStore: store.catalog, clock, log: quiet, lazy: true }
  const exchange = await openExchange(options)
  await openShop(exchange)
  const collector = new Collector({ audience, clock })
  const books = new RuleBooks(() => feed.current(), ownerOf)
  const desk = new EventDesk({ audience, books, clock, log: quiet })
  const close = async () => {
    await desk.close()
    await exchange.close()
    await audience.close()
    await store.close()
  }
  return { store, audience, exchange, collector, desk, close }
}

/** Resolves with how many messages there were, once all are counted. */
async function sendAll(house: House, options: PopulationOptions, say: Say): Promise<number> {
  const { store, desk } = house
  let [sent, people, saidMs] = [0, 0, clock.elapsed()]
  for (const cohort of population(options)) {
    for (const channel of CHANNELS) {
      const messages = cohort.sent.filter((one) => one.channel === channel)
      await send(
        house,
        channel,
        messages.map(({ message }) => message),
      )
    }
    sent += cohort.sent.length
    people += cohort.truth.length
    const waiting = await store.events.depth()
    if (clock.elapsed() - saidMs > SAY_EVERY_MS) {
      const share = Math.floor((people / options.people) * 100)
      say(`  ${people} people (${share} %), ${sent} events, ${waiting} wait, ${memory()}`)
      saidMs = clock.elapsed()
    }
    while ((await store.events.depth()) > WAITING_MAX) await passed(WAIT_MS)
  }
  await desk.poke()
  return sent
}

async function send(
  { collector }: House,
  channel: string,
  messages: readonly object[],
): Promise<void> {
  const source = collector.sourceNamed(channel)!
  const consent = { collector, gvl: undefined, ownGvlId: undefined, gpc: false }
  const permits = (message: unknown) => permitMessage(message, source, consent) === 0
  const delivery = { messages, type: undefined, sentAt: undefined, bytes: 0, permits }
  const { faults } = await collector.collect(source, delivery)
  if (faults.length > 0) throw new Error(`a message was refused: ${JSON.stringify(faults[0])}`)
}

async function tellTruth(house: House, options: PopulationOptions, say: Say): Promise<void> {
  const { store, audience, exchange, desk } = house
  const { counted, repeated, linkRefused, quarantined, failures } = desk.counts()
  say(
    `counted ${counted}, repeated ${repeated}, matches refused ${linkRefused}, quarantined ${quarantined}, failures ${failures}`,
  )
  const reach = openReach({ people: store.people, clock, bidChannel: 0 })
  const deskDeps = { ...exchange.deskDeps, reach }
  const deps = usageDeps({ deskDeps, store, append: async () => {} })
  await reach.upToDate()
  const { items } = await getKpis(deps, OPERATOR, { clients: CLIENTS })
  const { count, of, rate, band } = items.find(({ kpi }) => kpi === 'reconciliation_rate')!
  say(
    `reconciliation rate ${rate} (${count} of ${of}), band ${band!.from}–${band!.to}: ${band!.isWithin ? 'within' : 'outside'}`,
  )
  const beganMs = clock.elapsed()
  const funnel = await getFunnel({ deskDeps, audience }, OPERATOR, {
    steps: ['viewed', 'carted', 'bought'],
  })
  const steps = funnel.steps.map(({ trait, people }) => `${trait} ${people.count}`).join(', ')
  const how = funnel.isExact ? 'exactly' : 'estimated'
  say(`funnel (${how}, ${Math.round(clock.elapsed() - beganMs)} ms): ${steps}`)
  const { signedIn, precision, recall, overMerged } = await weighTruth(audience, options)
  say(
    `signed in ${signedIn}; pairs of customer and device: precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}; customers taken for one: ${overMerged}`,
  )
  await reach.close()
}

function bytesIn(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

function memory(): string {
  const { rss, heapUsed } = process.memoryUsage()
  return `${Math.round(rss / MIB)} MiB resident, ${Math.round(heapUsed / MIB)} MiB heap`
}
