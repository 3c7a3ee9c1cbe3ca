import { Id, Inventory, Signal } from './bid-facts.ts'
import { WireType } from './message-reader.ts'

/**
 * The fields of a bid request in protobuf that the house acts on, and what each one means: the same as the paths of JSON
 * (request-paths.ts), in both placements of extensions (openrtb.proto). Only messages named here are looked into;
 * whatever else a request holds is stepped over.
 */

/** What is done with a field. `which` says of a signal, an id or an inventory which one it is. */
export const FieldDeed = {
  nothing: 0,
  textSignal: 1,
  boolSignal: 2,
  intSignal: 3,
  /** A repeated integer, packed or not. */
  intsSignal: 4,
  id: 5,
  inventory: 6,
  requestId: 7,
  tmax: 8,
  test: 9,
  impId: 10,
  /** Messages that are noted where they stand; `which` is a MessageName. */
  message: 11,
  /** A bool where the number stands for something else, too, that is never 1. */
  oneSignal: 12,
  /** A message where other schemas have something else, which is not looked into, and no fault. */
  foreign: 13,
} as const

/** Messages that mean something themselves. */
export const MessageName = {
  /** Only looked into. */
  none: 0,
  user: 1,
  data: 2,
  regs: 3,
  regsExt: 4,
  dsa: 5,
  transparency: 6,
  imp: 7,
  pmp: 8,
  deal: 9,
  eid: 10,
  extEid: 11,
  uid: 12,
} as const

export interface FieldMeaning {
  readonly deed: number
  readonly which: number
  readonly type: number
  /** What the message holds, by field number. */
  readonly fields: Fields | undefined
  /** What it means where it comes as another type, under another schema. */
  readonly also: FieldMeaning | undefined
}

export type Fields = readonly (FieldMeaning | undefined)[]

const { none } = MessageName
const leaf =
  (deed: number, type: number) =>
  (which = 0, also?: FieldMeaning): FieldMeaning => ({ deed, which, type, fields: undefined, also })
const text = leaf(FieldDeed.textSignal, WireType.bytes)
const bool = leaf(FieldDeed.boolSignal, WireType.varint)
const int = leaf(FieldDeed.intSignal, WireType.varint)
const ints = leaf(FieldDeed.intsSignal, WireType.bytes)
const id = leaf(FieldDeed.id, WireType.bytes)
const inventory = leaf(FieldDeed.inventory, WireType.bytes)

function message(which: number, fields: Record<number, FieldMeaning> = {}): FieldMeaning {
  return {
    ...{ deed: FieldDeed.message, which, type: WireType.bytes, fields: table(fields) },
    also: undefined,
  }
}

/** Extensions of Google's Authorized Buyers (openrtb-adx.proto), which have numbers from 1000. */
function adx(fields: Record<number, FieldMeaning>): FieldMeaning {
  return asForeign(message(none, fields))
}

function asForeign(meaning: FieldMeaning): FieldMeaning {
  return { ...meaning, deed: FieldDeed.foreign }
}

function table(fields: Record<number, FieldMeaning>): Fields {
  const last = Math.max(-1, ...Object.keys(fields).map(Number))
  return Array.from({ length: last + 1 }, (_, number) => fields[number])
}

const geo = (country: number) => message(none, { 3: text(country) })
const eid = (mark: number) =>
  message(mark, { 1: id(Id.eidSource), 2: message(MessageName.uid, { 1: id(Id.eidUid) }) })
const userExt = message(none, { 1: text(Signal.consent), 2: eid(MessageName.extEid) })
const deviceExt = message(none, { 1: int(Signal.atts) })
const dsa = message(MessageName.dsa, { 4: message(MessageName.transparency) })

const DEVICE = {
  1: bool(Signal.dnt),
  2: inventory(Inventory.userAgent),
  4: geo(Signal.deviceCountry),
  99: deviceExt,
  205: deviceExt,
  1066: adx({ 3: int(Signal.atts) }),
}
const USER = {
  1: id(Id.userId),
  2: id(Id.buyeruid),
  7: geo(Signal.userCountry),
  8: message(MessageName.data),
  10: text(Signal.consent),
  11: eid(MessageName.eid),
  99: userExt,
  202: userExt,
  1007: adx({ 2: text(Signal.consent) }),
}
const REGS = {
  1: bool(Signal.coppa),
  2: text(Signal.gpp),
  3: ints(Signal.gppSid),
  4: bool(Signal.gdpr),
  5: text(Signal.usPrivacy),
  99: message(MessageName.regsExt, {
    1: bool(Signal.gdpr),
    2: text(Signal.usPrivacy),
    3: text(Signal.gpc),
    4: dsa,
  }),
  201: message(none, { 1: bool(Signal.gdpr), 2: text(Signal.usPrivacy) }),
  1001: adx({ 1: bool(Signal.gdpr) }),
}
const REQUEST = {
  1: leaf(FieldDeed.requestId, WireType.bytes)(),
  8: leaf(FieldDeed.tmax, WireType.varint)(),
  15: leaf(FieldDeed.test, WireType.varint)(),
}

export const REQUEST_FIELDS: Fields = table({
  ...REQUEST,
  2: message(MessageName.imp, {
    1: leaf(FieldDeed.impId, WireType.bytes)(),
    11: message(MessageName.pmp, { 2: message(MessageName.deal) }),
  }),
  3: message(none, { 1: inventory(Inventory.siteId), 3: inventory(Inventory.siteDomain) }),
  4: message(none, { 1: inventory(Inventory.appId), 8: inventory(Inventory.appBundle) }),
  5: message(none, { ...DEVICE, 20: id(Id.ifa), 23: bool(Signal.lmt) }),
  6: message(MessageName.user, USER),
  14: message(MessageName.regs, REGS),
})

/**
 * The people and the privacy of a bid request as Beeswax writes it (beeswax-api, openrtb.proto and extension.proto): its
 * numbers in Device are its own, eids are field 9, and what the GDPR asks stands in `regs.ext`, at 1000. What the IAB's
 * schema has in other places is read in these, too.
 */
export const BEESWAX_FIELDS: Fields = table({
  ...REQUEST,
  5: message(none, {
    ...DEVICE,
    20: bool(Signal.lmt, id(Id.ifa)),
    // The height of a screen; `lmt` in the IAB's.
    23: leaf(FieldDeed.oneSignal, WireType.varint)(Signal.lmt),
    // The height again, in the IAB's.
    26: id(Id.ifa, leaf(FieldDeed.nothing, WireType.varint)()),
  }),
  // Keywords stand at 9 in the IAB's.
  6: message(MessageName.user, { ...USER, 9: asForeign(eid(MessageName.eid)) }),
  14: message(MessageName.regs, {
    ...REGS,
    1000: message(none, { 1: bool(Signal.gdpr), 2: text(Signal.consent) }),
  }),
})
