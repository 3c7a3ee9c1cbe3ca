/**
 * Ways on which something about people is given away; a number in records is a place here, so that new ones
 * are only ever appended. On `bid` deliveries add up by day; on the others each is an entry of its own.
 */
export const EGRESS_CHANNELS = ['bid', 'batch', 'direct'] as const

export const BID_CHANNEL = 0
