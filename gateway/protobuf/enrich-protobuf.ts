import { messageField, numberField, textField } from '../../proto/message-fields.ts'
import type { ImpPlace, RequestPlaces } from '../../proto/request-places.ts'
import { arrive } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import type { DealPiece } from '../bid/deal-pieces.ts'
import { BID_LIMITS } from '../bid/limits.ts'
import { replyIn, replyRefused } from '../bid/reply.ts'
import { EVERYTHING, type Wire } from '../bid/wire.ts'
import { MessageEdits, type MessageSpan } from './message-edits.ts'
import type { MessageIds } from './message-ids.ts'
import { dataFields, dealField } from './pieces.ts'
import { PROTOBUF_FORM } from './protobuf-form.ts'

// Fields of openrtb.proto that additions go into.
const [IMP, USER, REGS] = [2, 6, 14]
const [IMP_ID, PMP] = [1, 11]
const [EXT, DSA, TRANSPARENCY] = [99, 4, 4]
const [DOMAIN, PARAMS] = [1, 2]

/**
 * `POST /openrtb2/enrich` in protobuf: the request's own bytes come back, with additions between them; only the messages
 * these lie in have other lengths. A token is written where the partner has a number for it, else nothing is given that
 * needs one.
 */
export const ENRICH_PROTOBUF: Wire = {
  form: PROTOBUF_FORM,
  gives: { ...EVERYTHING, tokens: false },
  arrive(bid) {
    const refusal = arrive(bid)
    if (bid.holder?.partner.wires.protobuf?.token !== undefined) bid.gives = EVERYTHING
    return refusal
  },
  reply: replyIn({
    place,
    enriched: ({ bytes, kept }) => (kept as MessageEdits).compose(bytes),
    additions,
  }),
  refuse: replyRefused,
}

function place(bid: Bid): void {
  const { plan, places, bytes } = bid
  const edits = new MessageEdits()
  bid.kept = edits
  if (plan.isEmpty) return
  const user = userFields(bid)
  if (user.length > 0 && places.user.count > 0) edits.append(bytes, [places.user], user)
  else if (user.length > 0) edits.append(bytes, [], messageField(USER, user))
  plan.imps.forEach((imp, i) => {
    placeDeals(edits, imp, { bytes, deals: dealFields(bid, plan.impDeals[i]!) })
  })
  if (plan.transparency !== undefined)
    placeEntries(edits, places, { bytes, entries: entriesOf(plan.transparency) })
  if (edits.growth <= BID_LIMITS.additionsBytesMax) return
  plan.reset()
  if (bid.reason === '') bid.reason = 'too_much'
}

function placeDeals(
  edits: MessageEdits,
  { self, pmp }: ImpPlace,
  { bytes, deals }: { bytes: Uint8Array; deals: Buffer },
): void {
  if (pmp.count > 0) edits.append(bytes, [self, pmp], deals)
  else edits.append(bytes, [self], messageField(PMP, deals))
}

/** Into the last `regs`: what of `ext.dsa` lies in an earlier one is one with it, as protobuf has it. */
function placeEntries(
  edits: MessageEdits,
  { regs, regsExt, dsa }: RequestPlaces,
  { bytes, entries }: { bytes: Uint8Array; entries: Buffer },
): void {
  if (!isIn(regsExt, regs))
    edits.append(bytes, [regs], messageField(EXT, messageField(DSA, entries)))
  else if (!isIn(dsa, regsExt)) edits.append(bytes, [regs, regsExt], messageField(DSA, entries))
  else edits.append(bytes, [regs, regsExt, dsa], entries)
}

function isIn(inner: MessageSpan, outer: MessageSpan): boolean {
  return inner.open >= outer.open && inner.close <= outer.close
}

/** The additions alone, in a bid request of their own. */
function additions(bid: Bid): Uint8Array {
  const { plan } = bid
  const user = userFields(bid)
  return Buffer.concat([
    ...plan.imps.map((imp, i) => {
      const id = imp.idStart < 0 ? [] : [textField(IMP_ID, PROTOBUF_FORM.impId(bid, imp))]
      const pmp = messageField(PMP, dealFields(bid, plan.impDeals[i]!))
      return messageField(IMP, Buffer.concat([...id, pmp]))
    }),
    ...(user.length > 0 ? [messageField(USER, user)] : []),
    ...(plan.transparency === undefined
      ? []
      : [messageField(REGS, messageField(EXT, messageField(DSA, entriesOf(plan.transparency))))]),
  ])
}

function userFields({ plan, holder }: Bid): Buffer {
  const { fragment, ids } = plan
  const data = fragment && dataFields(fragment, holder!.partner.wires)
  if (ids === undefined) return data ?? NOTHING
  return Buffer.concat([data ?? NOTHING, (ids as MessageIds).fields])
}

const NOTHING = Buffer.alloc(0)

function dealFields({ holder }: Bid, deals: readonly DealPiece[]): Buffer {
  const { wires } = holder!.partner
  if (deals.length === 1) return dealField(deals[0]!, wires)
  return Buffer.concat(deals.map((one) => dealField(one, wires)))
}

/** `transparency` of DsaRequest (OpenRTB DSA extension; parameter 1 is profiling). */
function entriesOf(domains: readonly string[]): Buffer {
  return Buffer.concat(
    domains.map((domain) =>
      messageField(
        TRANSPARENCY,
        Buffer.concat([textField(DOMAIN, domain), numberField(PARAMS, 1)]),
      ),
    ),
  )
}
