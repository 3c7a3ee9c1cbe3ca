/** Why a request was refused (status ≥ 400). The word stands in `x-passerelle-reason`. */
export const BidRefusals = {
  unauthorized: { status: 401, says: 'No active partner key of scope bid came with the request.' },
  not_json: { status: 400, says: 'The body is not JSON as RFC 8259 has it, or not UTF-8.' },
  too_deep: { status: 400, says: 'The body is nested deeper than 64 levels.' },
  not_object: { status: 400, says: 'The body is JSON, but not an object.' },
  no_id: { status: 400, says: 'The bid request has no id, or it is null or empty.' },
  bad_gzip: { status: 400, says: 'The body says it is gzip, and is not.' },
  too_large: { status: 413, says: 'The body is longer than 256 KiB, maybe only after inflating.' },
  unknown_coding: { status: 415, says: 'The content coding is not gzip or identity.' },
  not_protobuf: {
    status: 400,
    says: 'The body is no protobuf message of the kind that is expected, or is cut off or bent.',
  },
  no_bid_request: { status: 400, says: 'The message holds no bid request.' },
  origin_not_allowed: {
    status: 403,
    says: 'The page that asks is of no origin its key is for.',
  },
  too_often: { status: 429, says: 'More was asked with this page key than it may in a second.' },
  deadline: { status: 504, says: 'The time its sender waits was over when it came to be read.' },
  overload: { status: 429, says: 'This process is behind; try again after Retry-After.' },
} as const
export type BidRefusal = keyof typeof BidRefusals

/** Why nothing was added to an answered request, besides the `denied_…` words of audience/consent. */
export const Unenriched = {
  starting: 'No catalog is loaded yet: keys and contracts are unknown.',
  no_ids: 'The request names nobody: no usable id of a known namespace.',
  stranger: 'None of the ids in the request is known.',
  opted_out: 'One of the ids is of a person who is to be left alone.',
  late: 'The store did not answer in time, or is out of reach.',
  unaccounted:
    'It could not be kept who was given what about the person: the disk does not take it.',
  nothing_entitled: 'The person is known, but this buyer has a live right to none of it.',
  nothing_new:
    'All that could be added was in the request already, or is of a kind that was not asked for.',
  not_writable: 'user or user.data is duplicated or not of the type OpenRTB says.',
  too_much: 'What would be added is longer than an answer may grow.',
  no_token:
    'What could be added is billed on notice, and this wire carries no token a notice could name.',
} as const
export type Unenriched = keyof typeof Unenriched

/** Why a segment the person is in was not written: shown by the trace as counts, never with names. */
export const SegmentLeftOut = {
  not_entitled: 'No live contract gives it to this buyer here.',
  capped: 'The contract it is had under has reached a cap.',
  edge_not_shared: 'It is known only over a match that may not be used for it.',
  provider_consent: 'The person has not allowed its provider to process it.',
  token_full:
    'Its use could not be billed: the token has no room for more contracts, or the wire carries none.',
} as const
export type SegmentLeftOut = keyof typeof SegmentLeftOut

/** Why one segment that was asked for is not written, besides those: shown by the explanation of a person. */
export const SegmentNotThere = {
  not_in_segment: 'The person is in the segment at no id that this request leads to.',
} as const
export type SegmentNotThere = keyof typeof SegmentNotThere

/** Why a deal that is live for this buyer is not in one request, besides the reasons why nothing of the person is. */
export const DealLeftOut = {
  deal_not_on_this_site: 'The deal is limited to sites or apps, and this is none of them.',
  deal_provider_consent:
    'The person has not allowed the deal’s seller, or an owner of its audience, to process its data.',
  audience_does_not_hold: 'The person is not in the audience of the deal.',
  too_many_deals: 'As many deals as one request may get are chosen already.',
  no_imp: 'The request has no imp, or more than one list of them.',
  imp_not_writable: 'imp.pmp or its deals are there twice, or not of the type OpenRTB says.',
  deal_already_there: 'The deal is in the request already.',
} as const
export type DealLeftOut = keyof typeof DealLeftOut
