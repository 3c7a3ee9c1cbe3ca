import { decide } from '../../audience/consent/decide.ts'
import { BROWSER } from '../../audience/namespace.ts'
import { type IdentifySettings, identify } from '../../audience/people/identify.ts'
import { eidResolversOf } from '../../exchange/eids/eid-resolvers.ts'
import type { Bid } from './bid.ts'
import { Step } from './step-clock.ts'

/** Turns the ids of the request into keys, in the order the buyer wants them tried. */
export function identifyPerson(bid: Bid): void {
  bid.candidates.reset()
  if (bid.reason !== '') return
  const keys = bid.rooms.audience.userKeys()
  if (keys === undefined) {
    bid.reason = 'starting'
    return
  }
  identify(bid.facts, settingsOf(bid), keys, bid.candidates)
  if (bid.candidates.count === 0) bid.reason = 'no_ids'
  bid.steps.end(Step.identify)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** One object for every request: only read while identify runs. */
const settings: Mutable<IdentifySettings> = {
  order: [],
  buyerNamespace: 0,
  userIdNamespace: 0,
  eidNamespaces: new Map(),
  eidResolvers: new Map(),
  ownInserter: '',
  ifaUsable: false,
}

function settingsOf(bid: Bid): IdentifySettings {
  const { catalog, holder, exchange, consent, rooms } = bid
  const { partner } = holder!
  settings.order = partner.idOrder
  settings.buyerNamespace = partner.namespace
  settings.userIdNamespace =
    exchange === 0 ? 0 : (catalog!.partnerByNumber(exchange)?.namespace ?? 0)
  settings.eidNamespaces = catalog!.eidNamespaces
  settings.eidResolvers = eidResolversOf(catalog!.resolvedEids, rooms)
  settings.ownInserter = catalog!.told.buyers.has(partner.number) ? rooms.domain : ''
  settings.ifaUsable = consent.ifaUsable
  if (bid.isBrowser) {
    settings.order = isCookieUsable(bid) ? BROWSER_ORDER : EIDS_ONLY
    settings.buyerNamespace = BROWSER.number
  }
  return settings
}

/** Of what a page says itself only eids count: it knows no other ids that are its own to name. */
const BROWSER_ORDER = ['buyeruid', 'eids'] as const
const EIDS_ONLY = ['eids'] as const

/** An id is read from the browser, which asks for what a sync asks. */
function isCookieUsable({ consent, holder, rooms }: Bid): boolean {
  return decide(consent, 'sync', holder!.partner.gvlId, rooms.ownGvlId, rooms.gvl) === 0
}
