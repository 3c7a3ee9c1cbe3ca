import { type BidFacts, Id, Kind } from './bid-facts.ts'
import { boolAt, int32At, MessageReader, varintEnd, WireType } from './message-reader.ts'
import {
  FieldDeed,
  type FieldMeaning,
  type Fields,
  MessageName,
  REQUEST_FIELDS,
} from './protobuf-paths.ts'
import { IMPS_MAX, ImpPlace, type Place, type RequestPlaces } from './request-places.ts'
import { ScanOutcome } from './scan-outcome.ts'

/**
 * Reads one OpenRTB bid request in protobuf in one pass, as scan-request.ts reads one in JSON: fills `facts` and `places`
 * with where things stand in `bytes`, under the numbers of `fields`. Both are forgotten first, and hold nothing reliable unless the answer is
 * `ok`. What is there twice becomes one, as protobuf has it: of a text the last counts, of messages all fields; privacy
 * signals are all kept, so that the strictest can count. Refused: fields that are cut off or bent, groups, numbers of
 * no field, and values of another type than theirs among the fields that are read. What is not read is not looked into.
 */
export function scanProtobuf(
  bytes: Uint8Array,
  intoFacts: BidFacts,
  intoPlaces: RequestPlaces,
  fields: Fields = REQUEST_FIELDS,
): ScanOutcome {
  facts = intoFacts
  places = intoPlaces
  facts.reset(bytes)
  places.reset()
  imp = surplusImp
  hasId = false
  note(places.root, Kind.object, 0, bytes.length)
  if (!walk(fields, 0, 0, bytes.length)) return ScanOutcome.malformed
  return hasId ? ScanOutcome.ok : ScanOutcome.noId
}

let facts: BidFacts
let places: RequestPlaces
let imp: ImpPlace
/** Which of the ids noted is the id of the uid that is being read; -1 before it was met. */
let uidAt = -1
let hasId = false

/** Elements beyond IMPS_MAX are written here, and nobody reads it. */
const surplusImp = new ImpPlace()

/** One for each level that the fields of a request go down. */
const readers = Array.from({ length: 6 }, () => new MessageReader())

function walk(fields: Fields, depth: number, start: number, end: number): boolean {
  const reader = readers[depth]!
  reader.begin(facts.bytes, start, end)
  while (reader.next()) {
    let meaning = fields[reader.field]
    if (meaning === undefined) continue
    if (reader.type !== meaning.type && !isAlone(meaning, reader.type)) {
      if (meaning.deed === FieldDeed.foreign) continue
      meaning = meaning.also
      if (meaning?.type !== reader.type) return false
    }
    if (!take(meaning, depth, reader)) return false
  }
  return !reader.failed
}

/** A repeated integer may stand alone, each with its tag. */
function isAlone({ deed }: FieldMeaning, type: number): boolean {
  return deed === FieldDeed.intsSignal && type === WireType.varint
}

function take(meaning: FieldMeaning, depth: number, reader: MessageReader): boolean {
  const { start, stop, type } = reader
  if (meaning.fields === undefined) {
    takeValue(meaning, type, start, stop)
    const isPacked = meaning.deed === FieldDeed.intsSignal && type === WireType.bytes
    return !isPacked || areVarints(start, stop)
  }
  noteMessage(meaning.which, start, stop)
  return walk(meaning.fields, depth + 1, start, stop) || meaning.deed === FieldDeed.foreign
}

/** Whether packed integers end where they should. */
function areVarints(start: number, stop: number): boolean {
  let at = start
  while (at >= 0 && at < stop) at = varintEnd(facts.bytes, at, stop)
  return at === stop
}

function takeValue({ deed, which }: FieldMeaning, type: number, start: number, stop: number): void {
  const { bytes, signals } = facts
  switch (deed) {
    case FieldDeed.textSignal:
      signals.add(which, Kind.text, start, stop)
      break
    case FieldDeed.boolSignal:
      signals.add(which, boolAt(bytes, start) ? Kind.true : Kind.false, start, stop)
      break
    case FieldDeed.oneSignal:
      if (int32At(bytes, start) === 1) signals.add(which, Kind.true, start, stop)
      break
    case FieldDeed.intSignal:
      signals.add(which, Kind.varint, start, stop)
      break
    case FieldDeed.intsSignal:
      signals.add(which, type === WireType.bytes ? Kind.varints : Kind.varint, start, stop)
      break
    case FieldDeed.id:
      noteId(which, start, stop)
      break
    case FieldDeed.inventory:
      facts.inventoryStart[which] = start
      facts.inventoryEnd[which] = stop
      break
    case FieldDeed.requestId:
      hasId = stop > start
      break
    case FieldDeed.tmax:
      facts.tmaxMs = Math.max(-1, int32At(bytes, start))
      break
    case FieldDeed.test:
      facts.test = boolAt(bytes, start)
      break
    case FieldDeed.impId:
      imp.idKind = Kind.text
      imp.idStart = start
      imp.idEnd = stop
  }
}

/** Of two ids of one uid the last counts. */
function noteId(which: number, start: number, stop: number): void {
  const { ids } = facts
  if (which === Id.eidUid && uidAt >= 0) {
    ids.start[uidAt] = start
    ids.end[uidAt] = stop
    return
  }
  if (which === Id.eidUid && ids.count < ids.max) uidAt = ids.count
  ids.add(which, Kind.text, start, stop)
}

function noteMessage(name: number, start: number, stop: number): void {
  switch (name) {
    case MessageName.user:
      note(places.user, Kind.object, start, stop)
      break
    case MessageName.data:
      note(places.data, Kind.array, start, stop)
      break
    case MessageName.regs:
      note(places.regs, Kind.object, start, stop)
      break
    case MessageName.regsExt:
      note(places.regsExt, Kind.object, start, stop)
      break
    case MessageName.dsa:
      note(places.dsa, Kind.object, start, stop)
      break
    case MessageName.transparency:
      note(places.transparency, Kind.array, start, stop)
      break
    case MessageName.imp:
      note(places.imp, Kind.array, start, stop)
      beginImp(start, stop)
      break
    case MessageName.pmp:
      note(imp.pmp, Kind.object, start, stop)
      break
    case MessageName.deal:
      note(imp.deals, Kind.array, start, stop)
      break
    case MessageName.eid:
      facts.ids.add(Id.eid, Kind.object, start, stop)
      break
    case MessageName.extEid:
      facts.ids.add(Id.extEid, Kind.object, start, stop)
      break
    case MessageName.uid:
      uidAt = -1
  }
}

/** Several occurrences are one, and the last is where it is added to. */
function note(place: Place, kind: number, start: number, stop: number): void {
  place.count = 1
  place.kind = kind
  place.open = start
  place.close = stop
  place.empty = start === stop
}

function beginImp(start: number, stop: number): void {
  imp = surplusImp
  const i = places.impCount
  if (i < IMPS_MAX) {
    if (i === places.imps.length) places.imps.push(new ImpPlace())
    imp = places.imps[i]!
    places.impCount = i + 1
  }
  imp.reset()
  note(imp.self, Kind.object, start, stop)
}
