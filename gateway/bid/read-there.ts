import type { CompiledDeal } from '../../exchange/buyer-view.ts'
import type { Place } from '../../proto/request-places.ts'
import type { DealPiece } from './deal-pieces.ts'
import type { IsThere } from './make-fragment.ts'
import type { DealTold } from './wire.ts'

/**
 * What a request holds already, so that enriching twice changes nothing the second time. Only the
 * small spans concerned are parsed, and only where something is to be added to them.
 */

/**
 * Segments in `user.data`, by name, taxonomy and id; undefined where there are none. What a page was given stands under
 * our own name (`own`), and by its id is its provider's all the same.
 */
export function dataThere(bytes: Uint8Array, data: Place, own: string): IsThere | undefined {
  if (data.count === 0 || data.empty) return undefined
  const there = new Set<string>()
  for (const object of objectsIn(parseSpan(bytes, data)))
    for (const { id } of objectsIn(object['segment']))
      there.add(keyOf(whoseIs(object, own), segtaxOf(object), id))
  if (there.size === 0) return undefined
  return ({ provider, segtax }, id) =>
    there.has(keyOf(provider.domain, segtax, id)) ||
    there.has(keyOf({ of: provider.id }, segtax, id))
}

/** The name of a Data object; of one under our own name, its provider. */
export function whoseIs({ name, id }: { name?: unknown; id?: unknown }, own: string): unknown {
  return name === own ? { of: id } : name
}

/** Whether an eid stands in one of the lists, whoever added it. */
export function eidsThere(
  bytes: Uint8Array,
  lists: readonly Place[],
): (id: { source: string; uid: string }) => boolean {
  const there = new Set<string>()
  for (const list of lists)
    for (const { source, uids } of list.count === 0 ? [] : objectsIn(parseSpan(bytes, list)))
      for (const { id } of objectsIn(uids)) there.add(eidName(source, id))
  return ({ source, uid }) => there.has(eidName(source, uid))
}

/** Sources are domains. */
function eidName(source: unknown, id: unknown): string {
  return JSON.stringify([typeof source === 'string' ? source.toLowerCase() : null, id])
}

/** Ids in an imp's `pmp.deals`; undefined where none of `deals` can be among them. */
export function dealsThere(
  bytes: Uint8Array,
  place: Place,
  deals: readonly DealPiece[],
): ReadonlySet<unknown> | undefined {
  if (place.count === 0 || place.empty) return undefined
  if (deals.length === 1 && !mayHold(bytes, place, deals[0]!.deal)) return undefined
  return new Set(objectsIn(parseSpan(bytes, place)).map((deal) => deal['id']))
}

/** What the deals of an imp say of themselves; those without an id that is text are left out. */
export function dealsTold(bytes: Uint8Array, place: Place): DealTold[] {
  if (place.count === 0 || place.empty) return []
  return objectsIn(parseSpan(bytes, place)).flatMap(({ id, bidfloor, bidfloorcur }) =>
    typeof id === 'string'
      ? [{ id, bidfloor: amountOf(bidfloor ?? 0), bidfloorcur: currencyOf(bidfloorcur ?? 'USD') }]
      : [],
  )
}

/** Nobody checks a request's types: an object with a `toString` of its own is no number, nor made one. */
function amountOf(value: unknown): number {
  return typeof value === 'object' ? Number.NaN : Number(value)
}

function currencyOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Domains in a DSA `transparency` list; undefined where there are none. */
export function domainsTold(bytes: Uint8Array, place: Place): ReadonlySet<unknown> | undefined {
  if (place.count === 0 || place.empty) return undefined
  return new Set(objectsIn(parseSpan(bytes, place)).map(({ domain }) => domain))
}

/** Whether a deal's id can stand in a span: true where its bytes do, or where an escape could spell it. */
export function mayHold(
  bytes: Uint8Array,
  { open, close }: Pick<Place, 'open' | 'close'>,
  deal: CompiledDeal,
): boolean {
  const id = idBytes(deal)
  const first = id[0]
  for (let at = open; at < close; at++) {
    const byte = bytes[at]
    if (byte === BACKSLASH || (byte === first && standsAt(bytes, at, id))) return true
  }
  return false
}

const BACKSLASH = 0x5c

function standsAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 1; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}

/** Asked for in every imp of every request: made once a deal. */
const idsAsBytes = new WeakMap<CompiledDeal, Uint8Array>()

function idBytes(deal: CompiledDeal): Uint8Array {
  let bytes = idsAsBytes.get(deal)
  if (!bytes) idsAsBytes.set(deal, (bytes = Buffer.from(deal.wireId)))
  return bytes
}

function segtaxOf(data: Record<string, unknown>): unknown {
  const { ext } = data
  return isObject(ext) ? (ext['segtax'] ?? undefined) : undefined
}

function keyOf(name: unknown, segtax: unknown, id: unknown): string {
  return JSON.stringify([name, segtax ?? null, id])
}

/** The scanner has checked the syntax already. Undefined where neither an object nor an array stands there. */
function parseSpan(bytes: Uint8Array, { open, close }: Place): unknown {
  if (open < 0) return undefined
  return JSON.parse(decoder.decode(bytes.subarray(open, close + 1)))
}

const decoder = new TextDecoder()

function objectsIn(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
