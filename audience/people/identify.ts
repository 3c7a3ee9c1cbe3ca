import { type BidFacts, Id, Inventory, Kind, type SpanList } from '../../proto/bid-facts.ts'
import { textBytes, textOf } from '../../proto/text.ts'
import { LIMITS } from '../limits.ts'
import { IFA } from '../namespace.ts'
import type { EidResolver } from '../tokens/eid-resolver.ts'
import { type Candidates, type IdPlace, IdPlaces } from './candidates.ts'
import { EidTable, NO_NAMESPACE } from './eid-table.ts'
import { KEY_WORDS, type UserKeys } from './user-key.ts'

/** Which ids of a request count for one buyer, and in which order they are asked. */
export interface IdentifySettings {
  /** A place that is not named is not used. The usual order: IdPlaces. */
  readonly order: readonly IdPlace[]
  /** Namespace number of user.buyeruid: the calling partner's own; 0 where it is unused. */
  readonly buyerNamespace: number
  /** Namespace number of user.id: that of the exchange the request came from; 0 where it is unused. */
  readonly userIdNamespace: number
  /** Eid source (lower case) → namespace number. Never changed once given: another map where it differs. */
  readonly eidNamespaces: ReadonlyMap<string, number>
  /** Namespaces whose eids are not taken as they are sent, by number. */
  readonly eidResolvers: ReadonlyMap<number, EidResolver>
  /**
   * Eids with this `inserter` were added here, from the other ids of the request, and name nobody anew: who is found by
   * one would be somebody else's match further. '' where none can be ours.
   */
  readonly ownInserter: string
  /** False leaves device.ifa out (device.ext.atts). */
  readonly ifaUsable: boolean
}

/**
 * Turns the ids a request names into keys: fills `into` in the order they are to be asked, at most
 * LIMITS.candidatesMax. An id is text of 1 to 512 bytes without control bytes, or a number as it is
 * written; anything else is none. Of a field given twice the last counts, as for JSON.parse.
 */
export function identify(
  facts: BidFacts,
  settings: IdentifySettings,
  keys: UserKeys,
  into: Candidates,
): void {
  into.reset()
  if (facts.ids.count > 0) identifier.identify(facts, settings, keys, into)
}

/** One object serves all requests of a process: what it works with is allocated once. */
class Identifier {
  #keys!: UserKeys
  readonly #key = new Uint32Array(KEY_WORDS)
  readonly #scratch = new Uint8Array(LIMITS.idBytesMax)
  /** Tables compiled of the maps met; a map that is dropped takes its table along. */
  readonly #tables = new WeakMap<ReadonlyMap<string, number>, EidTable>()
  #lastMap: ReadonlyMap<string, number> | undefined
  #lastTable: EidTable = new EidTable(new Map())
  /** How the eids of this request are to be read. */
  #map: ReadonlyMap<string, number> = new Map()
  #resolvers: ReadonlyMap<number, EidResolver> = new Map()
  #ownInserter = ''
  /** The value being read: `#bytes[#start … #end)`. */
  #bytes: Uint8Array = this.#scratch
  #start = 0
  #end = 0

  identify(facts: BidFacts, settings: IdentifySettings, keys: UserKeys, into: Candidates): void {
    this.#keys = keys
    for (const place of settings.order) {
      if (place === 'buyeruid') this.#last(facts, Id.buyeruid, settings.buyerNamespace, into)
      else if (place === 'user_id') this.#last(facts, Id.userId, settings.userIdNamespace, into)
      else if (place === 'eids') this.#eids(facts, settings, into)
      else if (settings.ifaUsable) this.#last(facts, Id.ifa, IFA.number, into)
    }
  }

  /** A field outside of eids: its last occurrence decides, usable or not. */
  #last(facts: BidFacts, field: Id, namespace: number, into: Candidates): void {
    if (namespace === NO_NAMESPACE) return
    const { ids } = facts
    for (let i = ids.count - 1; i >= 0; i--) {
      if (ids.field[i] !== field) continue
      if (!this.#read(facts, i)) return
      if (field === Id.ifa && !this.#asIfa()) return
      this.#add(PLACE_OF[field]!, namespace, into)
      return
    }
  }

  /** Those of user.eids before those of user.ext.eids, whichever stand first in the request. */
  #eids(facts: BidFacts, settings: IdentifySettings, into: Candidates): void {
    this.#map = settings.eidNamespaces
    this.#resolvers = settings.eidResolvers
    this.#ownInserter = settings.ownInserter
    if (this.#map.size === 0) return
    this.#eidsOf(facts, Id.eid, into)
    this.#eidsOf(facts, Id.extEid, into)
    into.eidNow = -1
  }

  /** Each eid: a mark, followed by its source and uids in any order. */
  #eidsOf(facts: BidFacts, mark: Id, into: Candidates): void {
    const { ids } = facts
    for (let i = 0; i < ids.count; i++) {
      if (ids.field[i] !== mark) continue
      const end = endOfEid(ids, i + 1)
      into.eidNow = i
      const namespace = this.#isOurs(facts, i)
        ? NO_NAMESPACE
        : this.#namespaceOfEid(facts, i + 1, end)
      for (let j = i + 1; namespace !== NO_NAMESPACE && j < end; j++) {
        if (into.isFull) break
        if (ids.field[j] === Id.eidUid && this.#read(facts, j)) this.#addEid(facts, namespace, into)
      }
      i = end - 1
    }
  }

  /** As they are sent, or as the namespace's resolver reads them. */
  #addEid(facts: BidFacts, namespace: number, into: Candidates): void {
    const resolver = this.#resolvers.size === 0 ? undefined : this.#resolvers.get(namespace)
    if (resolver === undefined) {
      this.#add(EIDS, namespace, into)
      return
    }
    const sent = {
      ...{ bytes: this.#bytes, start: this.#start, end: this.#end },
      sentFrom: () => sentFrom(facts),
    }
    if (resolver.resolve(sent, this.#keys, this.#key)) into.add(this.#key, EIDS, namespace)
  }

  /** Whether the eid that begins at `mark` was added by ourselves. */
  #isOurs({ bytes, ids, form }: BidFacts, mark: number): boolean {
    if (this.#ownInserter === '') return false
    return form.readEid(bytes, ids.start[mark]!, ids.end[mark]!).inserter === this.#ownInserter
  }

  #namespaceOfEid(facts: BidFacts, from: number, to: number): number {
    for (let i = to - 1; i >= from; i--) {
      if (facts.ids.field[i] !== Id.eidSource) continue
      if (!this.#read(facts, i)) return NO_NAMESPACE
      return this.#tableOf(this.#map).numberOf(this.#bytes, this.#start, this.#end)
    }
    return NO_NAMESPACE
  }

  #tableOf(map: ReadonlyMap<string, number>): EidTable {
    if (map === this.#lastMap) return this.#lastTable
    const table = this.#tables.get(map) ?? new EidTable(map)
    this.#tables.set(map, table)
    this.#lastMap = map
    this.#lastTable = table
    return table
  }

  /** Takes span `i` as the value; false where it is no id. */
  #read(facts: BidFacts, i: number): boolean {
    const { ids } = facts
    const kind = ids.kind[i]!
    if (kind !== Kind.text && kind !== Kind.number && kind !== Kind.escapedText) return false
    const text = textBytes(facts.bytes, kind, ids.start[i]!, ids.end[i]!)
    this.#bytes = text.bytes
    this.#start = text.start
    this.#end = text.end
    const length = text.end - text.start
    if (length === 0 || length > LIMITS.idBytesMax) return false
    return !hasControlBytes(text.bytes, text.start, text.end)
  }

  /** Brings the value into the form of advertising ids; false where it is all zeros. */
  #asIfa(): boolean {
    const length = this.#end - this.#start
    let zeros = true
    for (let i = 0; i < length; i++) {
      const byte = this.#bytes[this.#start + i]!
      if (byte !== ZERO && byte !== DASH) zeros = false
      this.#scratch[i] = byte >= UPPER_A && byte <= UPPER_Z ? byte + TO_LOWER : byte
    }
    this.#bytes = this.#scratch
    this.#start = 0
    this.#end = length
    return !zeros
  }

  #add(place: number, namespace: number, into: Candidates): void {
    this.#keys.hash(namespace, this.#bytes, this.#start, this.#end, this.#key, 0)
    into.add(this.#key, place, namespace)
  }
}

const ZERO = 48
const DASH = 45
const UPPER_A = 65
const UPPER_Z = 90
const TO_LOWER = 32
const DELETE = 127

const EIDS = IdPlaces.indexOf('eids')
const PLACE_OF: Record<number, number> = {
  [Id.buyeruid]: IdPlaces.indexOf('buyeruid'),
  [Id.userId]: IdPlaces.indexOf('user_id'),
  [Id.ifa]: IdPlaces.indexOf('ifa'),
}

/** Domain of the site and bundle of the app. */
function sentFrom({ bytes, form, inventoryStart, inventoryEnd }: BidFacts): string[] {
  return [Inventory.siteDomain, Inventory.appBundle]
    .filter((which) => inventoryStart[which]! >= 0)
    .map((which) => textOf(bytes, form.inventoryKind, inventoryStart[which]!, inventoryEnd[which]!))
}

function endOfEid(ids: SpanList, from: number): number {
  let end = from
  while (end < ids.count && (ids.field[end] === Id.eidSource || ids.field[end] === Id.eidUid)) end++
  return end
}

function hasControlBytes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte < 32 || byte === DELETE) return true
  }
  return false
}

const identifier = new Identifier()
