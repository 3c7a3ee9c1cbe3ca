import { dayOf } from '../../audience/clock.ts'
import type { ConsentReading } from '../../audience/consent/consent-reading.ts'
import type { ConsentAnswer } from '../../audience/consent/reasons.ts'
import { BROWSER } from '../../audience/namespace.ts'
import { hourOf } from './asks.ts'
import type { Browser } from './browser.ts'
import { browserValue, type OwnCookie } from './browser-cookie.ts'
import { type Candidate, candidatesOf } from './candidates.ts'
import { SYNC_LIMITS } from './limits.ts'
import { partnerAddress } from './partner-address.ts'
import { planSyncs } from './plan-syncs.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import type { Sync, SyncRooms } from './sync.ts'
import type { SyncType } from './sync-template.ts'
import type { Syncer } from './syncers.ts'

export interface RouteAsk {
  /** Who the browser comes from. */
  syncer: Syncer
  consent: ConsentReading
  privacy: PrivacyMacros
  gppSids: readonly number[]
  /** How the browser is being led. */
  type: SyncType
  browser: Exclude<Browser, { kind: 'opted_out' }>
}

/**
 * Leads a browser on along a partner's route, to the first partner there that is due; one a visit, counted in
 * the signed state, so that A → B → A ends at B. Consent is read when it is made, the rest when it is known
 * that the visit brought something.
 */
export class RouteLeader {
  readonly #sync: Sync
  readonly #rooms: SyncRooms
  readonly #ask: RouteAsk
  readonly #candidates: Candidate[]
  readonly #consents: readonly ConsentAnswer[]
  readonly #gdprApplies: boolean

  constructor(sync: Sync, rooms: SyncRooms, ask: RouteAsk) {
    this.#sync = sync
    this.#rooms = rooms
    this.#ask = ask
    const { syncer, consent, type } = ask
    this.#gdprApplies = consent.gdprApplies
    this.#candidates =
      syncer.route.length === 0
        ? []
        : candidatesOf(rooms, {
            ...{ bidders: syncer.route, coop: false, groups: [], groupsOnly: true },
            admits: (_, asked) => asked === type || type === 'iframe',
          })
    this.#consents = sync.consentsOf(consent, this.#candidates)
  }

  /** Address of the next partner; undefined where the route ends. */
  async next(cookie: OwnCookie, hop: number): Promise<string | undefined> {
    if (hop >= SYNC_LIMITS.hopsMax || this.#candidates.length === 0) return undefined
    const { syncer, template } = (await this.#firstDue(cookie)) ?? {}
    if (syncer === undefined || template === undefined) return undefined
    const nowMs = this.#sync.options.clock.now()
    const mint = { browser: cookie.id, hop: hop + 1, wasReturning: true, nowMs }
    const [state] = this.#rooms.states.mint([syncer.partner.number], mint)
    this.#sync.rates.asked(syncer.partner.number, true)
    this.#sync.counts.offered(syncer.partner, this.#ask.browser.class)
    const { privacy, browser } = this.#ask
    const to = await partnerAddress(this.#sync, this.#rooms, {
      ...{ syncer, template, browser: cookie.id, browserClass: browser.class },
      ...{ wasReturning: true, state: state!, privacy },
    })
    return to.ok ? to.url : undefined
  }

  async #firstDue(cookie: OwnCookie) {
    const { audience, clock } = this.#sync.options
    const nowMs = clock.now()
    const value = browserValue(cookie.id)
    const [matches] = await audience.matchesOf([{ namespace: BROWSER.number, value }])
    // Their order is the partner's own: each is a tier by itself.
    const candidates = this.#candidates.map((one, tier) => ({ ...one, tier }))
    const { rates, random } = this.#sync
    const { chosen } = planSyncs(candidates, {
      ...{ kind: 'returning', id: cookie.id, today: dayOf(nowMs), hour: hourOf(nowMs) },
      ...{ asks: cookie.asks, matches: matches!, eidMatches: [], rates, random, limit: 1 },
      ...{ consents: this.#consents, gdprApplies: this.#gdprApplies, gppSids: this.#ask.gppSids },
    })
    return chosen[0]
  }
}
