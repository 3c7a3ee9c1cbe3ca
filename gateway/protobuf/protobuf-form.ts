import type { WireSettings } from '../../exchange/partner.ts'
import { OPENRTB_SCHEMA } from '../../proto/generated/openrtb-schema.ts'
import { int32At, MessageReader, WireType } from '../../proto/message-reader.ts'
import { messagesAt } from '../../proto/messages-at.ts'
import { messageCodec } from '../../proto/protobuf.ts'
import { PROTOBUF_FACTS } from '../../proto/protobuf-facts.ts'
import type { ImpPlace } from '../../proto/request-places.ts'
import { scanProtobuf } from '../../proto/scan-protobuf.ts'
import { textOf } from '../../proto/text.ts'
import type { Bid } from '../bid/bid.ts'
import type { DealPiece } from '../bid/deal-pieces.ts'
import type { IsThere } from '../bid/make-fragment.ts'
import { mayHold, whoseIs } from '../bid/read-there.ts'
import type { DealTold, RequestForm } from '../bid/wire.ts'
import { makeMessageIds } from './message-ids.ts'

/** Bid requests in protobuf (openrtb.proto). */
export const PROTOBUF_FORM: RequestForm = {
  facts: PROTOBUF_FACTS,
  malformed: 'not_protobuf',
  scan: ({ bytes, facts, places }) => scanProtobuf(bytes, facts, places),
  dataThere,
  dealsThere,
  dealsTold: ({ bytes }, imp) => dealsIn(bytes, imp),
  domainsTold: ({ bytes, places }) =>
    places.transparency.count === 0
      ? undefined
      : new Set(messagesAt(bytes, TRANSPARENCY).map((one) => transparency.decode(one).domain)),
  makeIds: makeMessageIds,
  impId: ({ bytes }, { idKind, idStart, idEnd }) => textOf(bytes, idKind, idStart, idEnd),
}

const DATA = [6, 8]
const DEALS = [11, 2]
const TRANSPARENCY = [14, 99, 4, 4]

interface Data {
  id: string
  name: string
  segment: { id: string }[]
  ext: Uint8Array
  old_ext?: { segtax: number } | null
}

const named = <T>(name: string) => messageCodec<T>(OPENRTB_SCHEMA, `passerelle.openrtb.${name}`)
const data = named<Data>('Data')
const transparency = named<{ domain: string }>('Transparency')

function dealsThere(
  { bytes }: Bid,
  imp: ImpPlace,
  deals: readonly DealPiece[],
): ReadonlySet<unknown> | undefined {
  if (imp.deals.count === 0) return undefined
  if (deals.length === 1 && !mayHold(bytes, imp.self, deals[0]!.deal)) return undefined
  return new Set(dealsIn(bytes, imp).map(({ id }) => id))
}

function dealsIn(bytes: Uint8Array, { self }: ImpPlace): DealTold[] {
  return messagesAt(bytes.subarray(self.open, self.close), DEALS).map(readDeal)
}

const reader = new MessageReader()
const [DEAL_ID, DEAL_FLOOR, DEAL_CURRENCY] = [1, 2, 3]

/** Read by hand, as every request names some. */
function readDeal(deal: Uint8Array): DealTold {
  const bytes = Buffer.from(deal.buffer, deal.byteOffset, deal.length)
  const told = { id: '', bidfloor: 0, bidfloorcur: 'USD' }
  reader.begin(bytes, 0, bytes.length)
  while (reader.next()) {
    const { field, type, start, stop } = reader
    if (field === DEAL_ID && type === WireType.bytes) told.id = bytes.toString('utf8', start, stop)
    if (field === DEAL_FLOOR && type === WireType.fixed64) told.bidfloor = bytes.readDoubleLE(start)
    if (field === DEAL_CURRENCY && type === WireType.bytes && stop > start)
      told.bidfloorcur = bytes.toString('utf8', start, stop)
  }
  return told
}

/**
 * By name, taxonomy and id. Where nothing is agreed on how a taxonomy is written, what we wrote before has none either,
 * and so is not asked for one. What cannot be read may hold anything: nothing is added to it.
 */
function dataThere({ bytes, places, holder, rooms }: Bid): IsThere | undefined {
  if (places.data.count === 0) return undefined
  const { segtax: field } = holder!.partner.wires.protobuf ?? {}
  const there = new Set<string>()
  try {
    for (const one of messagesAt(bytes, DATA)) {
      const { id: whose, name, segment, ...exts } = data.decode(one)
      const from = whoseIs({ name, id: whose }, rooms.domain)
      for (const { id } of segment) there.add(JSON.stringify([from, segtaxOf(exts, field), id]))
    }
  } catch {
    return () => true
  }
  return ({ provider, segtax }, id) => {
    const told = field === undefined ? null : (segtax ?? null)
    const isThere = (from: unknown) => there.has(JSON.stringify([from, told, id]))
    return isThere(provider.domain) || isThere({ of: provider.id })
  }
}

type Field = NonNullable<WireSettings['protobuf']>['segtax']

function segtaxOf({ ext, old_ext }: Pick<Data, 'ext' | 'old_ext'>, field: Field): number | null {
  if (field === undefined) return null
  if (field === 'legacy') return old_ext?.segtax || null
  let segtax: number | null = null
  reader.begin(ext, 0, ext.length)
  while (reader.next())
    if (reader.field === field && reader.type === WireType.varint)
      segtax = int32At(ext, reader.start) || null
  return segtax
}
