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

function settingsOf({ catalog, holder, exchange, consent, rooms }: Bid): IdentifySettings {
  const { partner } = holder!
  settings.order = partner.idOrder
  settings.buyerNamespace = partner.namespace
  settings.userIdNamespace =
    exchange === 0 ? 0 : (catalog!.partnerByNumber(exchange)?.namespace ?? 0)
  settings.eidNamespaces = catalog!.eidNamespaces
  settings.eidResolvers = eidResolversOf(catalog!.resolvedEids, rooms)
  settings.ownInserter = catalog!.told.buyers.has(partner.number) ? rooms.domain : ''
  settings.ifaUsable = consent.ifaUsable
  return settings
}
