import type { WireSettings } from '../../exchange/partner.ts'
import { OPENRTB_SCHEMA } from '../../proto/generated/openrtb-schema.ts'
import { int32At, MessageReader, WireType } from '../../proto/message-reader.ts'
import { messagesAt } from '../../proto/messages-at.ts'
import { messageCodec } from '../../proto/protobuf.ts'
import { PROTOBUF_FACTS } from '../../proto/protobuf-facts.ts'
import { scanProtobuf } from '../../proto/scan-protobuf.ts'
import { textOf } from '../../proto/text.ts'
import type { Bid } from '../bid/bid.ts'
import type { IsThere } from '../bid/make-fragment.ts'
import type { RequestForm } from '../bid/wire.ts'
import { makeMessageIds } from './message-ids.ts'

/** Bid requests in protobuf (openrtb.proto). */
export const PROTOBUF_FORM: RequestForm = {
  facts: PROTOBUF_FACTS,
  malformed: 'not_protobuf',
  scan: ({ bytes, facts, places }) => scanProtobuf(bytes, facts, places),
  dataThere,
  dealsThere: ({ bytes }, { self, deals }) =>
    deals.count === 0
      ? undefined
      : new Set(dealsIn(bytes.subarray(self.open, self.close)).map(({ id }) => id)),
  dealsTold: ({ bytes }, { self }) =>
    dealsIn(bytes.subarray(self.open, self.close)).map(({ bidfloorcur, ...deal }) => ({
      ...deal,
      bidfloorcur: bidfloorcur || 'USD',
    })),
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
  name: string
  segment: { id: string }[]
  ext: Uint8Array
  old_ext?: { segtax: number } | null
}

const named = <T>(name: string) => messageCodec<T>(OPENRTB_SCHEMA, `passerelle.openrtb.${name}`)
const data = named<Data>('Data')
const deal = named<{ id: string; bidfloor: number; bidfloorcur: string }>('Deal')
const transparency = named<{ domain: string }>('Transparency')

function dealsIn(imp: Uint8Array) {
  return messagesAt(imp, DEALS).map((one) => deal.decode(one))
}

/**
 * By name, taxonomy and id. Where nothing is agreed on how a taxonomy is written, what we wrote before has none either,
 * and so is not asked for one. What cannot be read may hold anything: nothing is added to it.
 */
function dataThere({ bytes, places, holder }: Bid): IsThere | undefined {
  if (places.data.count === 0) return undefined
  const { segtax: field } = holder!.partner.wires.protobuf ?? {}
  const there = new Set<string>()
  try {
    for (const one of messagesAt(bytes, DATA)) {
      const { name, segment, ...exts } = data.decode(one)
      for (const { id } of segment) there.add(JSON.stringify([name, segtaxOf(exts, field), id]))
    }
  } catch {
    return () => true
  }
  return ({ provider, segtax }, id) => {
    const told = field === undefined ? null : (segtax ?? null)
    return there.has(JSON.stringify([provider.domain, told, id]))
  }
}

type Field = NonNullable<WireSettings['protobuf']>['segtax']

function segtaxOf({ ext, old_ext }: Pick<Data, 'ext' | 'old_ext'>, field: Field): number | null {
  if (field === undefined) return null
  if (field === 'legacy') return old_ext?.segtax || null
  let segtax: number | null = null
  const reader = new MessageReader()
  reader.begin(ext, 0, ext.length)
  while (reader.next())
    if (reader.field === field && reader.type === WireType.varint)
      segtax = int32At(ext, reader.start) || null
  return segtax
}
