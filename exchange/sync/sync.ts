import type { Audience } from '../../audience/audience.ts'
import { type Clock, dayOf } from '../../audience/clock.ts'
import type { ConsentReading } from '../../audience/consent/consent-reading.ts'
import { decide, decideForAll } from '../../audience/consent/decide.ts'
import type { Gvl } from '../../audience/consent/gvl.ts'
import type { ConsentAnswer } from '../../audience/consent/reasons.ts'
import { BROWSER } from '../../audience/namespace.ts'
import type { EndRequest } from '../../audience/people/link.ts'
import type { Matches } from '../../audience/people/matches-of.ts'
import { isLater, type Soon } from '../../audience/soon.ts'
import { eidResolversOf } from '../eids/eid-resolvers.ts'
import type { Exchange } from '../exchange.ts'
import type { ExchangeCatalog } from '../exchange-catalog.ts'
import { MatchCounts } from '../matchrates/match-counts.ts'
import { AnswerRates } from './answer-rates.ts'
import { Asks, hourOf } from './asks.ts'
import {
  type Browser,
  isDueForRenewal,
  readBrowser,
  type SentCookies,
  twinValue,
} from './browser.ts'
import { browserValue, newBrowserId, sealCookie } from './browser-cookie.ts'
import type { Candidate, Fit, Wanted } from './candidates.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { LineUp } from './line-up.ts'
import { type LeftOut, lotOf, planSyncs } from './plan-syncs.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import { Roster } from './roster.ts'
import { SyncKeys } from './sync-keys.ts'
import type { SyncSettings } from './sync-settings.ts'
import { SyncStates } from './sync-state.ts'
import type { SyncType } from './sync-template.ts'
import { type Syncer, Syncers } from './syncers.ts'

export interface SyncOptions {
  audience: Audience
  exchange: Exchange
  clock: Clock
  /** Public address of the edge door, without a slash at its end. */
  edgeUrl: string
  gvl: Gvl | undefined
  ownGvlId: number | undefined
  /** 0 ≤ x < 1; tests give their own. */
  random?: () => number
  /** Where it is counted what match rates are made of. Default: here alone. */
  counts?: MatchCounts
}

/** Whom a page asks `/cookie_sync` for, whoever visits it. */
export interface RosterAsk {
  /** Partner ids or syncer keys; none: everybody. */
  bidders: readonly string[]
  coop: boolean | undefined
  settings: SyncSettings
  /** Whether the page lets a partner be loaded that way. */
  admits: (syncer: Syncer, type: SyncType) => boolean
}

/** What it asks for one visitor. */
export interface PlanAsk {
  browser: Exclude<Browser, { kind: 'opted_out' }>
  roster: Roster
  /** Undefined: as the settings say; 0 or less: as many as there are. */
  limit: number | undefined
  settings: SyncSettings
  /** Read before this call returns, and not after. */
  consent: ConsentReading
  privacy: PrivacyMacros
  gppSids: readonly number[]
  eids: readonly { source: string; id: string }[]
}

export interface Plan {
  /** The browser is matched with somebody. */
  isMatched: boolean
  syncs: readonly Fit[]
  /** Whose `all` they are, where they are everybody in one. */
  lineUp: LineUp | undefined
  /** A state for each, as SyncStates.mintChars writes them: there until anybody else's are minted. */
  mintStates: () => Buffer
  /** What was said, to be placed into their addresses. */
  privacy: PrivacyMacros
  leftOut: LeftOut[]
  /** Names of those who would be synced but for the limit. */
  surplus: readonly { name: string }[]
  /** Values to be set; absent: as they are. */
  mainCookie: string | undefined
  twinCookie: string | undefined
}

/** What this process needs before it can sync anybody; undefined while the catalog or the keys are missing. */
export interface SyncRooms {
  catalog: ExchangeCatalog
  syncers: Syncers
  keys: SyncKeys
  states: SyncStates
}

/** Cookie sync, apart from HTTP: whom to sync, what a partner's answer is worth, and what is kept of it. */
export class Sync {
  readonly options: SyncOptions
  readonly rates = new AnswerRates()
  readonly counts: MatchCounts
  readonly random: () => number
  #keys: SyncKeys | undefined
  #rooms: SyncRooms | undefined
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(options: SyncOptions) {
    this.options = options
    this.random = options.random ?? Math.random
    this.counts = options.counts ?? new MatchCounts()
  }

  /** As of the catalog now. */
  rooms(): SyncRooms | undefined {
    const catalog = this.options.exchange.catalog()
    if (catalog === undefined) return undefined
    if (this.#rooms?.catalog === catalog) return this.#rooms
    const keys = this.#keysNow()
    if (keys === undefined) return undefined
    const syncers = new Syncers(catalog, this.options.edgeUrl)
    this.#rooms = { catalog, syncers, keys, states: new SyncStates(keys) }
    return this.#rooms
  }

  /** Whom a page's ask comes to. */
  roster(rooms: SyncRooms, ask: RosterAsk): Roster {
    return new Roster(rooms, wantedOf(ask))
  }

  /**
   * Where a page names somebody who is not synced here, that may have been changed a moment ago: asks the
   * store now, and not too often, since pages name many who never were. Undefined where nothing is to be asked.
   */
  lookAgain({ isAllFound }: Roster): Promise<void> | undefined {
    if (isAllFound) return undefined
    const nowMs = this.options.clock.elapsed()
    if (nowMs - this.#lookedMs < SYNC_LIMITS.lookAgainMs) return undefined
    this.#lookedMs = nowMs
    return this.options.audience.feed.poke()
  }

  browser(rooms: SyncRooms, sent: SentCookies): Browser {
    return readBrowser(rooms.keys, sent)
  }

  /** What consent, the partner's and ours, says of syncing with it. */
  consentOf(reading: ConsentReading, { partner }: Pick<Syncer, 'partner'>): ConsentAnswer {
    const { ownGvlId, gvl } = this.options
    return decide(reading, 'sync', partner.gvlId, ownGvlId, gvl)
  }

  /** The same of each candidate, in their order. */
  consentsOf(reading: ConsentReading, candidates: readonly Candidate[]): readonly ConsentAnswer[] {
    const same = decideForAll(reading, 'sync')
    if (same !== undefined) return new Array<ConsentAnswer>(candidates.length).fill(same)
    return candidates.map(({ syncer }) =>
      syncer === undefined ? 0 : this.consentOf(reading, syncer),
    )
  }

  /** At once where the store has the browser at hand. Rejects where it is out of reach. */
  plan(rooms: SyncRooms, ask: PlanAsk): Soon<Plan> {
    const consents = this.consentsOf(ask.consent, ask.roster.candidates)
    const { gdprApplies } = ask.consent
    const then = (found: Matches[]) => this.#plan(rooms, ask, { found, consents, gdprApplies })
    const found = this.options.audience.matchesOf(this.#endsOf(rooms, ask))
    return isLater(found) ? found.then(then) : then(found)
  }

  /** Leaves the person behind the browser alone for good: by its own id, and all it is matched with. */
  async optOut(browser: Browser): Promise<void> {
    if (!('cookie' in browser) || browser.cookie === undefined) return
    const value = browserValue(browser.cookie.id)
    const ids = [{ namespace: BROWSER.number, value }]
    await this.options.audience.suppress(ids, { kind: 'opt_out' })
  }

  /** The browser, and the ids a page gave of namespaces we know. One that is new here is asked as nobody. */
  #endsOf({ catalog }: SyncRooms, { browser, eids }: PlanAsk): EndRequest[] {
    const value = browser.kind === 'returning' ? browserValue(browser.cookie.id) : ''
    const ends = [{ namespace: BROWSER.number, value }]
    const resolvers = eidResolversOf(catalog.resolvedEids, this.options)
    for (const { source, id } of eids.slice(0, SYNC_LIMITS.eidsMax)) {
      const namespace = catalog.eidNamespaces.get(source.toLowerCase())
      if (namespace === undefined) continue
      const resolver = resolvers.get(namespace)
      const resolved = resolver === undefined ? id : resolver.open(id, [])
      if (resolved !== undefined) ends.push({ namespace, value: resolved })
    }
    return ends
  }

  #plan(rooms: SyncRooms, ask: PlanAsk, known: Looked): Plan {
    const { browser, privacy, roster } = ask
    const { clock } = this.options
    const nowMs = clock.now()
    const hour = hourOf(nowMs)
    const wasReturning = browser.kind === 'returning'
    const id = wasReturning ? browser.cookie.id : newBrowserId()
    const asks = wasReturning ? browser.cookie.asks : new Asks()
    const [matches, ...eidMatches] = known.found as [Matches, ...Matches[]]
    const { kind } = browser
    const lot = (one: Fit) => lotOf(one, { kind, rates: this.rates, random: this.random })
    const { chosen, lineUp, leftOut, surplus } = planSyncs(roster.candidates, {
      kind,
      id,
      today: dayOf(nowMs),
      hour,
      asks,
      consents: known.consents,
      matches,
      eidMatches,
      rates: this.rates,
      gdprApplies: known.gdprApplies,
      gppSids: ask.gppSids,
      limit: limitOf(ask),
      random: this.random,
      lineUp: () => roster.lineUp(wasReturning, nowMs, lot),
      onVisit: (partner, visit) => this.counts.visit(partner, browser.class, visit),
    })
    const numbers: number[] = []
    const leading: boolean[] = []
    for (let i = 0; i < chosen.length; i++) {
      const { syncer, template } = chosen[i]!
      const { partner } = syncer
      numbers.push(partner.number)
      leading.push(template.isSecret)
      this.rates.asked(partner.number, wasReturning)
      this.counts.offered(partner, browser.class)
      if (i < SYNC_LIMITS.asksMax) asks.note(partner.number, hour)
    }
    const mint = { browser: id, hop: 0, wasReturning, leading, nowMs }
    const isLeftAlone = known.found.some((one) => one.isSuppressed)
    const isPermitted = known.consents.some((one, i) => one === 0 && roster.candidates[i]!.syncer)
    const mayRenew = isPermitted && !isLeftAlone
    const isChanged = chosen.length > 0 || (mayRenew && isDueForRenewal(browser, hour))
    return {
      isMatched: matches.count > 0 || eidMatches.some((one) => one.count > 0),
      ...{ syncs: chosen, lineUp, privacy },
      mintStates: () => rooms.states.mintChars(numbers, mint),
      leftOut,
      surplus,
      mainCookie: isChanged ? sealCookie(rooms.keys, { id, issuedHour: hour, asks }) : undefined,
      twinCookie: isChanged && !browser.hasTwin ? twinValue(nowMs) : undefined,
    }
  }

  #keysNow(): SyncKeys | undefined {
    const { audience } = this.options
    if (this.#keys === undefined && audience.ready())
      this.#keys = new SyncKeys((label, bytes) => audience.deriveKey(label, bytes)!)
    return this.#keys
  }
}

interface Looked {
  /** Of the browser, then of each eid. */
  found: readonly Matches[]
  /** What consent says of each candidate. */
  consents: readonly ConsentAnswer[]
  gdprApplies: boolean
}

/** As Prebid Server: the page's, else the default; at most the maximum; none of them or 0: all. */
function limitOf({ limit, settings }: PlanAsk): number {
  const orAll = (n: number | undefined) => (n === undefined || n <= 0 ? SYNC_LIMITS.syncsMax : n)
  return Math.min(orAll(limit ?? settings.defaultLimit), orAll(settings.maxLimit))
}

function wantedOf({ bidders, coop, settings, admits }: RosterAsk): Wanted {
  const { disabledIframes, disabledRedirects } = settings
  const isDisabled = ({ partner }: Syncer, type: SyncType) =>
    (type === 'iframe' ? disabledIframes : disabledRedirects)?.includes(partner.id) ?? false
  return {
    bidders,
    coop: coop ?? settings.coopSync ?? false,
    groups: settings.priorityGroups ?? [],
    groupsOnly: settings.priorityGroupsOnly ?? false,
    admits: (syncer, type) => !isDisabled(syncer, type) && admits(syncer, type),
  }
}
