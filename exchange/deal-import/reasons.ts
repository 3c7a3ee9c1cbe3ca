/** The two documents that are understood, each told by its shape. */
export const Dialects = {
  deal_sync: 'IAB Tech Lab Deal Sync API 1.0: a Deal with id, origin and terms.',
  seller_agent: 'The IAB Tech Lab seller agent: deal_id, deal_type, openrtb_params.',
} as const
export type Dialect = keyof typeof Dialects

/** How the sender sees its deal; only what is active is offered to buyers. */
export const SellerStatuses = {
  active: 'The seller offers it.',
  paused: 'The seller has paused it.',
  pending: 'The seller has not opened it yet.',
  complete: 'The seller has delivered it.',
  archived: 'The seller has put it away for good: it cannot be active again.',
} as const
export type SellerStatus = keyof typeof SellerStatuses

/** Why a field is kept with the deal, and changes nothing in a request. */
export const KeptReasons = {
  described: 'It tells people about the deal; nothing here is decided by it.',
  not_applied:
    'Requests are not compared with it here: the exchange and the buyer have to see that it holds.',
} as const
export type KeptReason = keyof typeof KeptReasons

/** How a deal stands here, for the one who sent it. */
export const DealStates = {
  pending: 'The seller has not opened it yet.',
  approved: 'Accepted; it has not begun.',
  ready: 'It is added to requests that fit it.',
  paused: 'The seller, or this exchange, has paused it.',
  complete: 'It is over.',
} as const
export type DealState = keyof typeof DealStates
