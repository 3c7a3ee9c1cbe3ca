import { type BidFacts, Kind } from './bid-facts.ts'
import { Deed, deeds, whiches } from './request-paths.ts'
import { IMPS_MAX, ImpPlace, type Place, type RequestPlaces } from './request-places.ts'
import { input, skipWhite } from './scan-core.ts'

/**
 * What the scanner does with values at known paths: notes them in `BidFacts` and `RequestPlaces`.
 * One scan at a time; `beginNotes` sets where to.
 */
const deedOf = deeds
const whichOf = whiches

let facts: BidFacts
let places: RequestPlaces
let imp: ImpPlace
let eid = -1
let idFound = false

/** Elements beyond IMPS_MAX are written here, and nobody reads it. */
const surplusImp = new ImpPlace()

export function beginNotes(intoFacts: BidFacts, intoPlaces: RequestPlaces): void {
  facts = intoFacts
  places = intoPlaces
  imp = surplusImp
  eid = -1
  idFound = false
}

/** Whether the last `id` of the request was neither null nor "". */
export function hasRequestId(): boolean {
  return idFound
}

/** An array or object at a known path begins. What needs its end waits for `noteClosed`. */
export function noteOpened(node: number, at: number): void {
  const deed = deedOf[node]
  if (deed === Deed.imps) places.impCount = 0
  else if (deed === Deed.imp) beginImp()
  else if (deed === Deed.eid && input[at] === 0x7b) beginEid(node, at)
}

function beginImp(): void {
  imp = surplusImp
  const i = places.impCount
  if (i < IMPS_MAX) {
    if (i === places.imps.length) places.imps.push(new ImpPlace())
    imp = places.imps[i]!
    places.impCount = i + 1
  }
  imp.reset()
}

function beginEid(node: number, at: number): void {
  const ids = facts.ids
  eid = ids.count < ids.max ? ids.count : -1
  ids.add(whichOf[node]!, Kind.object, at, at)
}

/** The array or object at a known path that began at `open` ends with the bracket at `close`. */
export function noteClosed(node: number, open: number, close: number): void {
  const deed = deedOf[node]
  const kind = input[open] === 0x7b ? Kind.object : Kind.array
  const place = placeOf(node)
  if (place !== undefined) {
    place.count++
    place.kind = kind
    place.open = open
    place.close = close
    place.empty = skipWhite(open + 1) === close
  } else if (deed !== Deed.eid) noteValue(node, kind, open, close + 1)
  else if (kind === Kind.object && eid >= 0) facts.ids.end[eid] = close + 1
}

/** A text, number, true, false or null at a known path: its kind and span. */
export function noteScalar(node: number, kind: number, start: number, end: number): void {
  const deed = deedOf[node]
  if (deed === Deed.imps) places.impCount = 0
  else if (deed === Deed.imp) beginImp()
  const place = placeOf(node)
  if (place === undefined) {
    noteValue(node, kind, start, end)
    return
  }
  const count = place.count
  place.reset()
  place.count = count + 1
  place.kind = kind
}

function placeOf(node: number): Place | undefined {
  switch (deedOf[node]) {
    case Deed.place:
    case Deed.imps:
      return places.named[whichOf[node]!]
    case Deed.imp:
      return imp.self
    case Deed.pmp:
      return imp.pmp
    case Deed.deals:
      return imp.deals
    default:
      return undefined
  }
}

function noteValue(node: number, kind: number, start: number, end: number): void {
  switch (deedOf[node]) {
    case Deed.signal:
      facts.signals.add(whichOf[node]!, kind, start, end)
      return
    case Deed.id:
      facts.ids.add(whichOf[node]!, kind, start, end)
      return
    case Deed.impId:
      imp.idKind = kind
      imp.idStart = start
      imp.idEnd = end
      return
    case Deed.requestId:
      idFound = kind !== Kind.null && !(kind === Kind.text && start === end)
      return
    case Deed.tmax:
      facts.tmaxMs = kind === Kind.number ? wholeNumber(start, end) : -1
      return
    case Deed.test:
      facts.test = kind === Kind.true || (kind === Kind.number && numberOf(start, end) === 1)
      return
    case Deed.inventory:
      if (kind === Kind.text || kind === Kind.escapedText) {
        facts.inventoryStart[whichOf[node]!] = start
        facts.inventoryEnd[whichOf[node]!] = end
      }
  }
}

const WHOLE_MAX = 2 ** 31

/** A whole number 0 … 2^31, however it is written; -1 for any other. */
function wholeNumber(start: number, end: number): number {
  const value = numberOf(start, end)
  return Number.isInteger(value) && value >= 0 && value <= WHOLE_MAX ? value + 0 : -1
}

/** The number written in `input[start, end)`; without a string where it is plain digits. */
function numberOf(start: number, end: number): number {
  if (end - start > 9) return Number(lexeme(start, end))
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = input[i]! - 0x30
    if (digit < 0 || digit > 9) return Number(lexeme(start, end))
    value = value * 10 + digit
  }
  return value
}

function lexeme(start: number, end: number): string {
  return Buffer.from(input.buffer, input.byteOffset + start, end - start).toString('latin1')
}
