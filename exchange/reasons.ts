/** Why a deal that exists is not in a request; counted in traces and metrics. */
export const WithheldReasons = {
  deal_not_on_this_exchange: 'The request comes from an exchange that would not honour the id.',
  deal_not_for_this_buyer: 'The deal names its buyers, and this one is not among them.',
  deal_paused: 'The deal is paused.',
  deal_held_by_seller: 'Its seller, who sent the deal, has it paused, not opened yet, or ended.',
  deal_out_of_dates: 'The deal has not begun, or is over.',
  deal_not_in_this_country: 'The deal is limited to regions the request does not come from.',
  deal_partner_paused: 'The seller of the deal, or the exchange it is for, is paused.',
  audience_not_licensed:
    'The seller neither owns a segment of the audience nor has it under a live contract.',
  catalog_unconfirmed:
    'The catalog could not be confirmed for some seconds: nothing shared is given meanwhile.',
} as const
export type WithheldReason = keyof typeof WithheldReasons

/** Why a segment cannot be offered, whoever asks. */
export const OfferRefusals = {
  too_few_people: 'The segment has fewer people than the smallest audience of the offer.',
  prohibited_node: 'The segment stands for a node of a taxonomy that is not for sale.',
  no_explicit_consent:
    'The segment is sensitive, and names no evidence of explicit consent (GDPR art. 9(2)(a)).',
  label_stale:
    'What the data label of the segment says is no longer so: nothing is published on it.',
} as const
export type OfferRefusal = keyof typeof OfferRefusals
