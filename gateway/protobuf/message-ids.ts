import { SEAL_CHARS } from '../../exchange/usage/token-seal.ts'
import { OPENRTB_SCHEMA } from '../../proto/generated/openrtb-schema.ts'
import { messageField, numberField, textField } from '../../proto/message-fields.ts'
import { messagesAt } from '../../proto/messages-at.ts'
import { messageCodec } from '../../proto/protobuf.ts'
import type { Bid } from '../bid/bid.ts'
import { unsealed } from '../bid/billed-piece.ts'
import { type EidGiven, type IdsPiece, idsGiven, tokensAt } from '../bid/ids-given.ts'

/** Ids to be placed into `user` of one request in protobuf. */
export interface MessageIds extends IdsPiece {
  /** Fields of User. */
  readonly fields: Buffer
}

// Fields of User, EID and UID of openrtb.proto; lists of eids in all their placements.
const USER = 6
const [BUYERUID, EIDS] = [2, 11]
const [SOURCE, UIDS, INSERTER, MATCHER, MM, EXT] = [1, 2, 3, 4, 5, 99]
const UID_ID = 1
const EID_LISTS = [
  [USER, EIDS],
  [USER, EXT, 2],
  [USER, 202, 2],
]

const eid = messageCodec<{ source: string; uids: { id: string }[] }>(
  OPENRTB_SCHEMA,
  'passerelle.openrtb.EID',
)

/** Writes the ids that were chosen; undefined where none is left to add. Eids go where OpenRTB 2.6 has them. */
export function makeMessageIds(bid: Bid): MessageIds | undefined {
  const { bytes, rooms, holder } = bid
  const there = eidsIn(bytes)
  if (there === undefined) return undefined
  const given = idsGiven(bid, {
    hasBuyeruid: messagesAt(bytes, [USER, BUYERUID]).length > 0,
    hasEid: ({ source, uid }) => there.has(nameOf(source, uid)),
  })
  if (given === undefined) return undefined
  const { buyeruid, eids, domains, cells } = given
  const token = holder!.partner.wires.protobuf?.token
  const written = eids.map((one) => messageField(EIDS, eidMessage(one, rooms.domain, token)))
  const own = buyeruid === undefined ? [] : [textField(BUYERUID, buyeruid)]
  const fields = Buffer.concat([...written, ...own])
  let end = 0
  const holes = eids.map(({ stamp }, i) => {
    end += written[i]!.length
    return { stamp, at: end - SEAL_CHARS }
  })
  return {
    fields,
    sources: eids.map(({ source }) => source),
    hasBuyeruid: buyeruid !== undefined,
    domains,
    cells,
    tokens: tokensAt(fields, holes),
  }
}

function eidMessage(
  { source, matcher, mm, uids, stamp }: EidGiven,
  inserter: string,
  token: number | undefined,
): Buffer {
  const ext =
    stamp === undefined || token === undefined
      ? []
      : [messageField(EXT, textField(token, unsealed(stamp)))]
  return Buffer.concat([
    textField(SOURCE, source),
    ...uids.map((id) => messageField(UIDS, textField(UID_ID, id))),
    textField(INSERTER, inserter),
    textField(MATCHER, matcher),
    numberField(MM, mm),
    ...ext,
  ])
}

/** Undefined where one cannot be read: it may hold any. */
function eidsIn(bytes: Uint8Array): Set<string> | undefined {
  const there = new Set<string>()
  try {
    for (const one of EID_LISTS.flatMap((path) => messagesAt(bytes, path))) {
      const { source, uids } = eid.decode(one)
      for (const { id } of uids) there.add(nameOf(source, id))
    }
    return there
  } catch {
    return undefined
  }
}

/** Sources are domains. */
function nameOf(source: string, uid: string): string {
  return JSON.stringify([source.toLowerCase(), uid])
}
