/** Why a notice was not taken. The word stands in `x-passerelle-reason`. */
export const NoticeRefusals = {
  no_token: 'The notice names no token: `t` is absent or an unreplaced macro.',
  bad_token: 'The token was not made here, or was changed.',
  expired: 'The token is older than 72 hours.',
  from_future: 'The token says it was made later than now: the clocks of two machines differ.',
  unauthorized: 'The key beside the token is unknown or revoked; none is needed.',
  foreign_key: 'The key beside the token is not the buyer’s.',
  bad_imp: '`imp` is longer than an imp id may be.',
  too_many_imps:
    'Notices of this kind have named as many impressions of the answer as its request had.',
  bad_price: '`price` is no decimal number such as 2.50.',
  bad_currency: '`cur` is no currency of three letters.',
  bad_used: '`used` names more segments than an answer can carry.',
  bad_witness: '`by` is not exchange or creative, nor buyer beside the buyer’s own key.',
  starting: 'Keys or catalog are not loaded yet: try again.',
  unknown_terms: 'The terms of a contract in the token are not known here yet: try again.',
  ledger: 'The notice could not be written to disk: try again.',
} as const
export type NoticeRefusal = keyof typeof NoticeRefusals

/** Why a notice that was taken, or part of it, counts for nothing. */
export const NoticeIgnored = {
  test: 'The answer was to a request with `test: 1`.',
  repeated: 'The same notice was written a moment ago.',
  unknown_segment:
    'A segment in `used` is none that the answer carried under a contract billed on notice.',
} as const
export type NoticeIgnored = keyof typeof NoticeIgnored
