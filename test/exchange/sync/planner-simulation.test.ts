import { expect, test } from 'vitest'
import { AnswerRates } from '../../../exchange/sync/answer-rates.ts'
import { Asks, hourOf } from '../../../exchange/sync/asks.ts'
import { planSyncs } from '../../../exchange/sync/plan-syncs.ts'
import type { Syncer } from '../../../exchange/sync/syncers.ts'
import { type Random, seeded } from '../../support/random.ts'
import { candidateOf, matchesOf, situationOf, syncerOf } from './sync-world.ts'

// How many pixels a planner spends, and what they bring: ours beside Prebid Server's chooser, written here
// from its description: whoever has no live id, in a new random order on every page.
// Both live through the very same visits; a partner answers a browser as often for one as for the other.

const SEED = 20_260_601
const BROWSERS = 600
const DAYS = 30
const PARTNERS = 25
const LIMIT = 5
const TTL_DAYS = 14
const SITES = 8
const DAY_MS = 86_400_000
const BEGINS_MS = 20_600 * DAY_MS

interface Browser {
  /** It keeps no third-party cookies. */
  isBlocked: boolean
  /** And its name says so: Safari and Firefox do, Chrome set that way does not. */
  isKnownToBlock: boolean
  sites: number[]
  id: Buffer
}

interface Visit {
  atMs: number
  browser: number
  site: number
}

interface Partner {
  syncer: Syncer
  /** How often a sync comes back; 0 for the dead. */
  answers: number
}

interface Chooser {
  choose(visit: Visit): Syncer[]
  answered(visit: Visit, syncer: Syncer): void
  isMatched(visit: Visit, syncer: Syncer): boolean
}

test(`half the pixels of Prebid Server’s chooser for what they bring (seed ${SEED})`, () => {
  const random = seeded(SEED)
  const partners = Array.from({ length: PARTNERS }, (_, i) => partnerOf(i, random))
  const browsers = Array.from({ length: BROWSERS }, () => browserOf(random))
  const visits = browsers.flatMap((one, i) => visitsOf(one, i, random))
  visits.sort((a, b) => a.atMs - b.atMs)
  const ours = live(new Ours(partners, browsers, seeded(SEED + 1)), { partners, browsers, visits })
  const peer = live(new Prebid(partners, browsers, seeded(SEED + 1)), {
    partners,
    browsers,
    visits,
  })
  const pixels = ours.pixels / peer.pixels
  const match = ours.value / peer.value
  const figures =
    `pixels ${ours.pixels} of ${peer.pixels}, value-weighted match ` +
    `${(ours.value * 100).toFixed(1)} % beside ${(peer.value * 100).toFixed(1)} %`
  expect(pixels, figures).toBeLessThanOrEqual(0.5)
  expect(match, figures).toBeGreaterThanOrEqual(0.97)
})

/** Four in twenty-five are dead, some answer half the time; values lie between 1 and 20, few of them high. */
function partnerOf(i: number, random: Random): Partner {
  const value = 20 ** random()
  const syncer = syncerOf(i + 1, { value, ttlDays: TTL_DAYS })
  const answers = i % 6 === 5 ? 0 : random.pick([0.95, 0.9, 0.9, 0.8, 0.5])
  return { syncer, answers }
}

function browserOf(random: Random): Browser {
  const isBlocked = random() < 0.5
  const sites = Array.from({ length: 1 + random.int(3) }, () => random.int(SITES))
  const id = Buffer.from(Array.from({ length: 16 }, () => random.int(256)))
  return { isBlocked, isKnownToBlock: isBlocked && random() < 0.6, sites, id }
}

/** Two days in five a browser is out, on one to four pages in a row. */
function visitsOf({ sites }: Browser, browser: number, random: Random): Visit[] {
  const visits: Visit[] = []
  for (let day = 0; day < DAYS; day++) {
    if (random() > 0.4) continue
    const site = random.pick(sites)
    let atMs = BEGINS_MS + day * DAY_MS + random.int(20 * 3_600_000)
    for (let page = random.int(4); page >= 0; page--, atMs += 60_000 + random.int(300_000))
      visits.push({ atMs, browser, site })
  }
  return visits
}

interface World {
  partners: readonly Partner[]
  browsers: readonly Browser[]
  visits: readonly Visit[]
}

/** `value`: the share of all partners' value that is matched when a page is seen, on average over the pages. */
function live(chooser: Chooser, { partners, browsers, visits }: World) {
  const answer = seeded(SEED + 2)
  const whole = partners.reduce((sum, { syncer }) => sum + syncer.value, 0)
  let pixels = 0
  let value = 0
  for (const visit of visits) {
    for (const { syncer } of partners)
      if (chooser.isMatched(visit, syncer)) value += syncer.value / whole / visits.length
    for (const syncer of chooser.choose(visit)) {
      pixels++
      const { answers } = partners.find((one) => one.syncer === syncer)!
      const comesBack = answer() < answers && !browsers[visit.browser]!.isBlocked
      if (comesBack) chooser.answered(visit, syncer)
    }
  }
  return { pixels, value }
}

/** Prebid Server: a cookie of ids with their ends, gone at once where third-party cookies are blocked. */
class Prebid implements Chooser {
  readonly #partners: readonly Partner[]
  readonly #random: Random
  readonly #ends: Map<Syncer, number>[]

  constructor(partners: readonly Partner[], browsers: readonly Browser[], random: Random) {
    this.#partners = partners
    this.#random = random
    this.#ends = browsers.map(() => new Map())
  }

  choose(visit: Visit): Syncer[] {
    const open = this.#partners.filter(({ syncer }) => !this.isMatched(visit, syncer))
    const drawn: Syncer[] = []
    while (drawn.length < LIMIT && open.length > 0)
      drawn.push(open.splice(this.#random.int(open.length), 1)[0]!.syncer)
    return drawn
  }

  answered({ browser, atMs }: Visit, syncer: Syncer): void {
    this.#ends[browser]!.set(syncer, atMs + TTL_DAYS * DAY_MS)
  }

  isMatched({ browser, atMs }: Visit, syncer: Syncer): boolean {
    return (this.#ends[browser]!.get(syncer) ?? 0) > atMs
  }
}

class Ours implements Chooser {
  readonly #partners: readonly Partner[]
  readonly #browsers: readonly Browser[]
  readonly #random: Random
  readonly #rates = new AnswerRates()
  /** Namespace → the day it was last confirmed. */
  readonly #days: Map<number, number>[]
  readonly #asks: Asks[]
  /** Sites on which the partitioned twin was set. */
  readonly #met: Set<number>[]
  readonly #isReturning: boolean[]

  constructor(partners: readonly Partner[], browsers: readonly Browser[], random: Random) {
    this.#partners = partners
    this.#browsers = browsers
    this.#random = random
    this.#days = browsers.map(() => new Map())
    this.#asks = browsers.map(() => new Asks())
    this.#met = browsers.map(() => new Set())
    this.#isReturning = browsers.map(() => false)
  }

  choose(visit: Visit): Syncer[] {
    const { browser, site, atMs } = visit
    const { isBlocked, isKnownToBlock, id } = this.#browsers[browser]!
    const wasReturning = this.#isReturning[browser]!
    const seemsBlocked = isKnownToBlock || this.#met[browser]!.has(site)
    const asks = wasReturning ? this.#asks[browser]! : new Asks()
    const hour = hourOf(atMs)
    const { chosen } = planSyncs(
      this.#partners.map(({ syncer }) => candidateOf(syncer)),
      situationOf({
        kind: wasReturning ? 'returning' : seemsBlocked ? 'blocked' : 'new',
        id,
        today: dayOf(atMs),
        hour,
        asks,
        matches: matchesOf(this.#live(visit)),
        rates: this.#rates,
        limit: LIMIT,
        random: this.#random,
      }),
    )
    for (const { syncer } of chosen) {
      asks.note(syncer.partner.number, hour)
      this.#rates.asked(syncer.partner.number, wasReturning)
    }
    this.#met[browser]!.add(site)
    this.#isReturning[browser] = !isBlocked
    if (!isBlocked) this.#asks[browser] = asks
    return chosen.map(({ syncer }) => syncer)
  }

  answered({ browser, atMs }: Visit, { partner }: Syncer): void {
    this.#days[browser]!.set(partner.namespace, dayOf(atMs))
    this.#rates.answered(partner.number, true)
  }

  isMatched(visit: Visit, { partner }: Syncer): boolean {
    return this.#live(visit).has(partner.namespace)
  }

  #live({ browser, atMs }: Visit): Map<number, number> {
    const today = dayOf(atMs)
    return new Map([...this.#days[browser]!].filter(([, day]) => day + TTL_DAYS >= today))
  }
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}
