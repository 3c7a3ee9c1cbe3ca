import {
  BidFacts,
  IDS_MAX,
  Id,
  INVENTORY_COUNT,
  Kind,
  SIGNALS_MAX,
  Signal,
  type SpanList,
} from '../../proto/bid-facts.ts'
import { type ImpPlace, type Place, RequestPlaces } from '../../proto/request-places.ts'
import { ScanOutcome } from '../../proto/scan-outcome.ts'
import { scanRequest } from '../../proto/scan-request.ts'
import { depthOf, type OrderedValue, parseOrdered } from '../support/ordered-json.ts'

/**
 * What a scan must say, found slowly: JSON.parse after a strict UTF-8 decoder decides what is JSON, and
 * a walk over the ordered parse finds what stands where. `disagreement` is the whole comparison.
 */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const facts = new BidFacts()
const places = new RequestPlaces()

/** Whether the scanner took these bytes; throws what both sides say where the oracle disagrees. */
export function checkScan(bytes: Uint8Array): boolean {
  const problem = disagreement(bytes)
  if (problem !== undefined)
    throw new Error(`${JSON.stringify(Buffer.from(bytes).toString('latin1'))}\n${problem}`)
  return outcome === ScanOutcome.ok
}

let outcome: number = ScanOutcome.ok

/** Undefined where the scanner and the oracle agree about these bytes; else what each of them says. */
export function disagreement(bytes: Uint8Array): string | undefined {
  outcome = scanRequest(bytes, facts, places)
  const value = jsonOf(bytes)
  if (value === NOT_JSON) return isRefusedFor(bytes) ? undefined : `outcome ${outcome}, no JSON`
  const root = parseOrdered(bytes)
  const wanted = wantedOutcome(value, root)
  if (outcome !== wanted) return `outcome ${outcome}, wanted ${wanted}`
  if (outcome !== ScanOutcome.ok) return undefined
  const found = JSON.stringify(snapshot(facts, places))
  const expected = JSON.stringify(expectedOf(root, bytes))
  return found === expected ? undefined : `found    ${found}\nexpected ${expected}`
}

const NOT_JSON = Symbol('not JSON')

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return NOT_JSON
  }
}

/** Of two things wrong with the bytes, which is met first does not matter. */
function isRefusedFor(bytes: Uint8Array): boolean {
  if (outcome !== ScanOutcome.tooDeep) return outcome === ScanOutcome.malformed
  let opened = 0
  for (const c of bytes) if (c === 0x5b || c === 0x7b) opened++
  return opened > 64
}

function wantedOutcome(value: unknown, root: OrderedValue): number {
  if (depthOf(root) > 64) return ScanOutcome.tooDeep
  if (root.kind !== Kind.object) return ScanOutcome.notObject
  const id = Object.hasOwn(value as object, 'id') ? (value as { id: unknown }).id : undefined
  return id === undefined || id === null || id === '' ? ScanOutcome.noId : ScanOutcome.ok
}

const NO_PLACE = { count: 0, kind: 0, open: -1, close: -1, empty: false }
type PlainPlace = typeof NO_PLACE

const NOWHERE = [-1, -1]

function newExpectation() {
  return {
    tmaxMs: -1,
    test: false,
    inventory: Array.from({ length: INVENTORY_COUNT }, () => NOWHERE),
    signals: [] as number[][],
    ids: [] as number[][],
    places: {
      root: { ...NO_PLACE },
      user: { ...NO_PLACE },
      data: { ...NO_PLACE },
      regs: { ...NO_PLACE },
      regsExt: { ...NO_PLACE },
      dsa: { ...NO_PLACE },
      transparency: { ...NO_PLACE },
      imp: { ...NO_PLACE },
    },
    imps: [] as ReturnType<typeof newImp>[],
  }
}
type Expectation = ReturnType<typeof newExpectation>

const newImp = () => ({
  self: { ...NO_PLACE },
  id: [-1, -1, 0],
  pmp: { ...NO_PLACE },
  deals: { ...NO_PLACE },
})

/** In the shape of an Expectation. */
function snapshot(f: BidFacts, p: RequestPlaces): Expectation {
  const { root, user, data, regs, regsExt, dsa, transparency, imp } = p
  const named = { root, user, data, regs, regsExt, dsa, transparency, imp }
  return {
    tmaxMs: f.tmaxMs,
    test: f.test,
    inventory: [...f.inventoryStart].map((start, i) =>
      start < 0 ? NOWHERE : [start, f.inventoryEnd[i]!],
    ),
    signals: spansOf(f.signals),
    ids: spansOf(f.ids),
    places: Object.fromEntries(
      Object.entries(named).map(([name, place]) => [name, plainPlace(place)]),
    ) as Expectation['places'],
    imps: p.imps.slice(0, p.impCount).map(plainImp),
  }
}

function spansOf(list: SpanList): number[][] {
  return Array.from({ length: list.count }, (_, i) => [
    list.field[i]!,
    list.kind[i]!,
    list.start[i]!,
    list.end[i]!,
  ])
}

const plainPlace = ({ count, kind, open, close, empty }: Place): PlainPlace => ({
  count,
  kind,
  open,
  close,
  empty,
})

const plainImp = (imp: ImpPlace) => ({
  self: plainPlace(imp.self),
  id: [imp.idStart, imp.idEnd, imp.idKind],
  pmp: plainPlace(imp.pmp),
  deals: plainPlace(imp.deals),
})

/** The values under a key, in order. */
const under = (value: OrderedValue, key: string): OrderedValue[] =>
  value.members.filter(([name]) => name === key).map(([, member]) => member)

const span = (field: number, v: OrderedValue): number[] => [field, v.kind, v.start, v.end]

function expectedOf(root: OrderedValue, bytes: Uint8Array): Expectation {
  const e = newExpectation()
  const lexeme = (v: OrderedValue) => Number(Buffer.from(bytes.subarray(v.start, v.end)).toString())
  mark(e.places.root, root, bytes)
  for (const [key, value] of root.members) {
    if (key === 'tmax') e.tmaxMs = value.kind === Kind.number ? whole(lexeme(value)) : -1
    if (key === 'test')
      e.test = value.kind === Kind.true || (value.kind === Kind.number && lexeme(value) === 1)
    if (key === 'site') expectInventory(e, value, { id: 0, domain: 1 })
    if (key === 'app') expectInventory(e, value, { id: 2, bundle: 3 })
    if (key === 'user') expectUser(e, value, bytes)
    if (key === 'regs') expectRegs(e, value, bytes)
    if (key === 'device') expectInventory(e, value, { ua: 4 })
    if (key === 'device') expectDevice(e, value)
    if (key === 'imp') expectImps(e, value, bytes)
  }
  e.signals = e.signals.slice(0, SIGNALS_MAX)
  e.ids = e.ids.slice(0, IDS_MAX)
  return e
}

function mark(place: PlainPlace, value: OrderedValue, bytes: Uint8Array): void {
  const isContainer = value.kind === Kind.array || value.kind === Kind.object
  place.count++
  place.kind = value.kind
  place.open = isContainer ? value.start : -1
  place.close = isContainer ? value.end - 1 : -1
  const inside = Buffer.from(bytes.subarray(value.start + 1, value.end - 1)).toString()
  place.empty = isContainer && inside.trim() === ''
}

const whole = (n: number) => (Number.isInteger(n) && n >= 0 && n <= 2 ** 31 ? Math.abs(n) : -1)

/** Of each key the last text counts. */
function expectInventory(
  e: Expectation,
  inventory: OrderedValue,
  places: Readonly<Record<string, number>>,
): void {
  for (const [key, place] of Object.entries(places))
    for (const { kind, start, end } of under(inventory, key))
      if (kind === Kind.text || kind === Kind.escapedText) e.inventory[place] = [start, end]
}

function expectUser(e: Expectation, user: OrderedValue, bytes: Uint8Array): void {
  mark(e.places.user, user, bytes)
  for (const [key, value] of user.members) {
    if (key === 'id') e.ids.push(span(Id.userId, value))
    if (key === 'buyeruid') e.ids.push(span(Id.buyeruid, value))
    if (key === 'consent') e.signals.push(span(Signal.consent, value))
    if (key === 'data') mark(e.places.data, value, bytes)
    if (key === 'eids') expectEids(e, value, Id.eid)
    if (key === 'geo')
      for (const country of under(value, 'country'))
        e.signals.push(span(Signal.userCountry, country))
    if (key === 'ext')
      for (const [name, inner] of value.members) {
        if (name === 'consent') e.signals.push(span(Signal.consent, inner))
        if (name === 'eids') expectEids(e, inner, Id.extEid)
      }
  }
}

function expectEids(e: Expectation, eids: OrderedValue, mark: number): void {
  for (const eid of eids.items.filter((item) => item.kind === Kind.object)) {
    e.ids.push(span(mark, eid))
    for (const [key, value] of eid.members) {
      if (key === 'source') e.ids.push(span(Id.eidSource, value))
      if (key === 'uids')
        for (const uid of value.items)
          for (const id of under(uid, 'id')) e.ids.push(span(Id.eidUid, id))
    }
  }
}

const REGS: Record<string, number> = {
  coppa: Signal.coppa,
  gdpr: Signal.gdpr,
  us_privacy: Signal.usPrivacy,
  gpp: Signal.gpp,
  gpp_sid: Signal.gppSid,
  gpc: Signal.gpc,
}

function expectRegs(e: Expectation, regs: OrderedValue, bytes: Uint8Array): void {
  mark(e.places.regs, regs, bytes)
  for (const [key, value] of regs.members) {
    if (Object.hasOwn(REGS, key)) e.signals.push(span(REGS[key]!, value))
    if (key !== 'ext') continue
    mark(e.places.regsExt, value, bytes)
    for (const [name, inner] of value.members) {
      if (Object.hasOwn(REGS, name)) e.signals.push(span(REGS[name]!, inner))
      if (name !== 'dsa') continue
      mark(e.places.dsa, inner, bytes)
      for (const transparency of under(inner, 'transparency'))
        mark(e.places.transparency, transparency, bytes)
    }
  }
}

function expectDevice(e: Expectation, device: OrderedValue): void {
  for (const [key, value] of device.members) {
    if (key === 'ifa') e.ids.push(span(Id.ifa, value))
    if (key === 'lmt') e.signals.push(span(Signal.lmt, value))
    if (key === 'dnt') e.signals.push(span(Signal.dnt, value))
    if (key === 'geo')
      for (const country of under(value, 'country'))
        e.signals.push(span(Signal.deviceCountry, country))
    if (key === 'ext')
      for (const atts of under(value, 'atts')) e.signals.push(span(Signal.atts, atts))
  }
}

function expectImps(e: Expectation, imps: OrderedValue, bytes: Uint8Array): void {
  mark(e.places.imp, imps, bytes)
  e.imps = imps.items.slice(0, 256).map((item) => {
    const imp = newImp()
    mark(imp.self, item, bytes)
    for (const id of under(item, 'id')) imp.id = [id.start, id.end, id.kind]
    for (const pmp of under(item, 'pmp')) {
      mark(imp.pmp, pmp, bytes)
      for (const deals of under(pmp, 'deals')) mark(imp.deals, deals, bytes)
    }
    return imp
  })
}
