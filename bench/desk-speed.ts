import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAudience } from '../audience/audience.ts'
import { systemClock as clock } from '../audience/clock.ts'
import { type CollectedEvent, packEvent } from '../audience/events/collected-event.ts'
import { EventDesk } from '../audience/events/event-desk.ts'
import { RuleBooks } from '../audience/events/rule-book.ts'
import { openStore } from '../audience/store/open-store.ts'
import type { CatalogWrite } from '../audience/store/store.ts'
import { type Figure, told } from './figures.ts'
import { answerIfAsked, inOwnProcess } from './own-process.ts'
import { startRedis } from './redis.ts'
import { seeded } from './workload.ts'

const EVENTS = 40_000
const VISITORS = 20_000
const TRAITS = 200
const SEGMENTS = 100
const APPEND = 2_000
const OWNER = 5
const ANONYMOUS = 11
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface Speed {
  perS: number
  cpuUs: number
}

/** How many events a desk makes into memberships, in a process of its own. */
export async function deskFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  events processed')
  const { embedded, redis } = await inOwnProcess<{ embedded: Speed; redis?: Speed }>(
    import.meta.url,
  )
  const line = (where: string) => `events a desk processes a second, ${where}`
  return [
    told(line('embedded store'), embedded.perS, ''),
    ...(redis ? [told(line('Redis on the same machine'), redis.perS, '')] : []),
  ]
}

async function measure(): Promise<{ embedded: Speed; redis?: Speed }> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-desk-'))
  const server = await startRedis()
  try {
    const embedded = await speedOver(`embedded:${folder}`, folder)
    if (!server) return { embedded }
    return { embedded, redis: await speedOver(`redis://127.0.0.1:${server.port}/0`, folder) }
  } finally {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function speedOver(address: string, dataDir: string): Promise<Speed> {
  const store = await openStore(address, { clock, dataDir })
  const audience = await openAudience({ store, clock, log: quiet })
  await store.catalog.write(rules())
  await audience.poke()
  for (const some of events()) await store.events.append(some)
  const books = new RuleBooks(
    () => audience.feed.current(),
    () => ({ number: OWNER, timeZone: 'Europe/Paris' }),
  )
  const before = process.cpuUsage()
  const beganMs = performance.now()
  const desk = new EventDesk({ audience, books, clock, log: quiet })
  while ((await store.events.depth()) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const tookS = (performance.now() - beganMs) / 1000
  const { user, system } = process.cpuUsage(before)
  await desk.close()
  await audience.close()
  await store.close()
  return { perS: EVENTS / tookS, cpuUs: (user + system) / EVENTS }
}

function rules(): CatalogWrite[] {
  const owner = 'dmp'
  const traits = Array.from({ length: TRAITS }, (_, i) => ({
    kind: 'trait',
    id: `t${i}`,
    value: { name: 't', owner, when: `event == "e${i}"`, ttlDays: 90, number: i + 1 },
  }))
  const segments = Array.from({ length: SEGMENTS }, (_, i) => {
    const rule = `FREQUENCY([t${2 * i}] <= 5D) >= 2 OR FREQUENCY([t${2 * i + 1}] <= 30D) >= 3`
    const value = {
      name: 's',
      owner,
      provenance: 'first_party',
      ttlDays: 30,
      number: 101 + i,
      rule,
    }
    return { kind: 'segment', id: `s${i}`, value }
  })
  return [...traits, ...segments]
}

function* events(): Iterable<Buffer[]> {
  const random = seeded(EVENTS)
  const below = (n: number) => Math.floor(random() * n)
  for (let from = 0; from < EVENTS; from += APPEND)
    yield Array.from({ length: APPEND }, (_, i) => {
      const event: CollectedEvent = {
        ...{ source: 'shop', owner: OWNER, messageId: `m${from + i}` },
        atMs: clock.now() - below(1_000_000),
        about: { namespace: ANONYMOUS, value: `visitor-${below(VISITORS)}` },
        traits: [1 + below(20), 21 + below(TRAITS - 20)],
      }
      return packEvent(event)
    })
}

await answerIfAsked(import.meta.url, measure)
