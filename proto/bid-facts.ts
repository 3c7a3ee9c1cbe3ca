/**
 * What one bid request says that the house acts on, without its wire format: spans of `bytes`, in
 * the order met, every occurrence kept. A scanner (of JSON, or of protobuf) fills it; permit, identify
 * and entitle read it. One object serves many requests: `reset` forgets, nothing is allocated.
 */

/** What stands in a span. Text spans leave the quotes out; arrays and objects keep their brackets. */
export const Kind = {
  null: 1,
  false: 2,
  true: 3,
  /** As written: the span is the lexeme. */
  number: 4,
  text: 5,
  /** Text with JSON escapes in it: decode before use. */
  escapedText: 6,
  array: 7,
  /** Of protobuf: the fields of a message, without what stands before them. */
  object: 8,
  /** An integer of protobuf: the span is its varint. */
  varint: 9,
  /** Integers of protobuf, packed: one varint after the other. */
  varints: 10,
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/** Privacy signals and what else decides whether a person may be looked up. Both placements, 2.6 and 2.5 `ext`. */
export const Signal = {
  coppa: 1, //        regs.coppa, regs.ext.coppa
  gdpr: 2, //         regs.gdpr, regs.ext.gdpr
  usPrivacy: 3, //    regs.us_privacy, regs.ext.us_privacy
  gpp: 4, //          regs.gpp, regs.ext.gpp
  gppSid: 5, //       regs.gpp_sid, regs.ext.gpp_sid
  gpc: 6, //          regs.ext.gpc, regs.gpc
  consent: 7, //      user.consent, user.ext.consent
  lmt: 8, //          device.lmt
  dnt: 9, //          device.dnt
  atts: 10, //        device.ext.atts
  deviceCountry: 11, // device.geo.country
  userCountry: 12, // user.geo.country
} as const
export type Signal = (typeof Signal)[keyof typeof Signal]

/** Ids by which a person may be known. An eid is written as `eid` or `extEid`, then its `eidSource` and `eidUid`s in any order. */
export const Id = {
  buyeruid: 1, //  user.buyeruid
  userId: 2, //    user.id
  eid: 3, //       marks the beginning of one EID object of user.eids[]
  eidSource: 4, // its source
  eidUid: 5, //    one of its uids[].id
  ifa: 6, //       device.ifa
  extEid: 7, //    the same as `eid`, of user.ext.eids[]
} as const
export type Id = (typeof Id)[keyof typeof Id]

/** What names the site or app of a request, and the browser it is shown in. */
export const Inventory = {
  siteId: 0, //     site.id
  siteDomain: 1, // site.domain
  appId: 2, //      app.id
  appBundle: 3, //  app.bundle
  userAgent: 4, //  device.ua
} as const
export type Inventory = (typeof Inventory)[keyof typeof Inventory]

export const INVENTORY_COUNT = 5

/** Spans with a field and a kind, in the order met. Grows up to `max`, then says `overflowed`. */
export class SpanList {
  readonly max: number
  count = 0
  overflowed = false
  field: Uint8Array
  kind: Uint8Array
  start: Int32Array
  end: Int32Array

  constructor(max: number) {
    this.max = max
    this.field = new Uint8Array(max)
    this.kind = new Uint8Array(max)
    this.start = new Int32Array(max)
    this.end = new Int32Array(max)
  }

  reset(): void {
    this.count = 0
    this.overflowed = false
  }

  add(field: number, kind: number, start: number, end: number): void {
    const i = this.count
    if (i === this.max) {
      this.overflowed = true
      return
    }
    this.field[i] = field
    this.kind[i] = kind
    this.start[i] = start
    this.end[i] = end
    this.count = i + 1
  }
}

export const SIGNALS_MAX = 64
export const IDS_MAX = 512

/** How a wire format writes what is read of `bytes` only where it is needed. */
export interface FactsForm {
  /** What kind of text the spans of `Inventory` are. */
  readonly inventoryKind: typeof Kind.text | typeof Kind.escapedText
  /** What the EID object in a span says of itself, besides its source and uids. */
  readEid(bytes: Uint8Array, start: number, end: number): { inserter?: unknown; mm?: unknown }
}

/** Facts of JSON. */
export const JSON_FACTS: FactsForm = {
  inventoryKind: Kind.escapedText,
  readEid: (bytes, start, end) => JSON.parse(Buffer.from(bytes.subarray(start, end)).toString()),
}

export class BidFacts {
  readonly form: FactsForm
  /** The request's own bytes; valid only as long as the request is. */
  bytes: Uint8Array = new Uint8Array(0)
  /** `tmax` in ms; -1 where absent, not a whole number ≥ 0, or beyond 2^31. */
  tmaxMs = -1
  /** `test` is 1 (or true). */
  test = false
  readonly signals = new SpanList(SIGNALS_MAX)
  readonly ids = new SpanList(IDS_MAX)
  /** By `Inventory`: where the last text met begins, escapes and all; -1 where there was none. */
  readonly inventoryStart = new Int32Array(INVENTORY_COUNT).fill(-1)
  /** Where it ends; means nothing where there was none. */
  readonly inventoryEnd = new Int32Array(INVENTORY_COUNT)

  constructor(form: FactsForm = JSON_FACTS) {
    this.form = form
  }

  reset(bytes: Uint8Array): void {
    this.bytes = bytes
    this.tmaxMs = -1
    this.test = false
    this.signals.reset()
    this.ids.reset()
    for (let i = 0; i < INVENTORY_COUNT; i++) this.inventoryStart[i] = -1
  }
}
