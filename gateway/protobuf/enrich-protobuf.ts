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
    enriched: ({ bytes }) => out.subarray(0, edits.compose(bytes, out)),
    additions,
  }),
  refuse: replyRefused,
}

/** Answers are sent before the next one is made: one page and one list of edits serve them all. */
const out = Buffer.alloc(BID_LIMITS.bodyBytesMax + BID_LIMITS.additionsBytesMax)
const edits = new MessageEdits()

function place(bid: Bid): void {
  const { plan, places, bytes } = bid
  edits.reset()
  if (plan.isEmpty) return
  const user = userFields(bid)
  if (user.length > 0 && places.user.count > 0) edits.append(bytes, user, places.user)
  for (let i = 0; i < plan.imps.length; i++)
    placeDeals(plan.imps[i]!, bytes, dealFields(bid, plan.impDeals[i]!))
  if (plan.transparency !== undefined) placeEntries(places, bytes, entriesOf(plan.transparency))
  // Last: what is added to a message that ends with the request stands before what is added to the request.
  if (user.length > 0 && places.user.count === 0) edits.append(bytes, messageField(USER, user))
  if (edits.growth <= BID_LIMITS.additionsBytesMax) return
  plan.reset()
  if (bid.reason === '') bid.reason = 'too_much'
}

function placeDeals({ self, pmp }: ImpPlace, bytes: Uint8Array, deals: Buffer): void {
  if (pmp.count > 0) edits.append(bytes, deals, pmp, self)
  else edits.append(bytes, messageField(PMP, deals), self)
}

/** Into the last `regs`: what of `ext.dsa` lies in an earlier one is one with it, as protobuf has it. */
function placeEntries(
  { regs, regsExt, dsa }: RequestPlaces,
  bytes: Uint8Array,
  entries: Buffer,
): void {
  if (!isIn(regsExt, regs)) edits.append(bytes, messageField(EXT, messageField(DSA, entries)), regs)
  else if (!isIn(dsa, regsExt)) edits.append(bytes, messageField(DSA, entries), regsExt, regs)
  else edits.append(bytes, entries, dsa, regsExt, regs)
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
