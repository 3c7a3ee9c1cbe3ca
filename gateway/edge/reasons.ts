import { ConsentReasons } from '../../audience/consent/reasons.ts'
import { MatchRefusals, TakeRefusals } from '../../exchange/sync/reasons.ts'

/**
 * Why a browser's request was refused: the word stands in `x-passerelle-reason`, `says` is the body. Where
 * Prebid Server has words for it, they are its own.
 */
export const EdgeRefusals = {
  starting: { status: 503, says: 'This server is starting; try again in a moment.' },
  store_away: { status: 503, says: 'The store is out of reach; nothing was kept.' },
  not_json: { status: 400, says: 'JSON parsing failed' },
  bad_field: { status: 400, says: 'JSON parsing failed' },
  bad_filter: { status: 400, says: 'error parsing filtersettings' },
  account_disabled: {
    status: 400,
    says: 'account is disabled, please reach out to the prebid server host',
  },
  opted_out: { status: 401, says: 'User has opted out' },

  gdpr_invalid: { status: 400, says: 'the gdpr query param must be either 0 or 1.' },
  consent_required: { status: 400, says: 'gdpr_consent is required if gdpr=1' },
  consent_required_by_default: {
    status: 400,
    says: 'gdpr_consent is required. gdpr is not specified and is assumed to be 1 by the server. set gdpr=0 to exempt this request',
  },
  consent_malformed: { status: 400, says: 'gdpr_consent was invalid.' },
  consent_too_long: { status: 400, says: 'a consent string is longer than 4096 characters' },
  privacy_contradictory: {
    status: 400,
    says: 'one and the same privacy parameter is given twice, with different values: ',
  },
  gpp_malformed: { status: 400, says: 'the gpp string is malformed' },
  gpp_sid_malformed: {
    status: 400,
    says: 'invalid gpp_sid encoding, must be a csv list of integers',
  },
  consent_denied: {
    status: 451,
    says: 'The gdpr_consent string prevents cookies from being saved',
  },

  bidder_missing: { status: 400, says: '"bidder" query param is required' },
  bidder_unknown: {
    status: 400,
    says: 'The bidder name provided is not supported by Prebid Server',
  },
  format_invalid: { status: 400, says: '"f" query param is invalid. must be "b" or "i"' },

  partner_unknown: { status: 400, says: 'p names no partner that is synced here' },
  webhook_off: {
    status: 404,
    says: 'no opt-outs are taken here: PASSERELLE_UID2_OPTOUT_TOKEN is not set',
  },
  webhook_unauthorized: { status: 401, says: 'the bearer token is missing or wrong' },
  user_missing: { status: 400, says: 'user is no raw id' },
  source_undeclared: {
    status: 503,
    says: 'nothing was kept, try again: an operator has yet to declare the eid source ',
  },
  opt_in_refused: {
    status: 403,
    says: 'Opting in again takes a POST from a page of this very site',
  },
} as const satisfies Record<string, { status: number; says: string }>

export type EdgeRefusal =
  | keyof typeof EdgeRefusals
  | keyof typeof TakeRefusals
  | keyof typeof MatchRefusals
  | keyof typeof ConsentReasons

/** Status and body of a refusal. */
export function refusalOf(reason: EdgeRefusal): { status: number; says: string } {
  if (reason in EdgeRefusals) return EdgeRefusals[reason as keyof typeof EdgeRefusals]
  if (reason in ConsentReasons) return EdgeRefusals.consent_denied
  return { status: 400, says: says[reason as keyof typeof says] }
}

const says = { ...TakeRefusals, ...MatchRefusals }

/** Thrown by what reads a request; the endpoint answers with it. */
export class EdgeRefused extends Error {
  readonly reason: EdgeRefusal

  /** `detail` is put behind the sentence. */
  constructor(reason: EdgeRefusal, detail = '') {
    super(refusalOf(reason).says + detail)
    this.reason = reason
  }
}
