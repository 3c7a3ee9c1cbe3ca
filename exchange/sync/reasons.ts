import { PERSONAL_SAYS } from '../../audience/identity/personal-value.ts'
import type { BindRefusal } from '../../audience/people/reasons.ts'

/** Why a state in `/setuid` was refused; nothing was stored. */
export const StateRefusals = {
  state_missing: 'The parameter s is missing: this address was not given out by /cookie_sync.',
  state_unreadable: 'The parameter s is no state.',
  state_forged: 'The state was changed, made by somebody else, or given to another browser.',
  state_other_partner: 'The state was given out for another partner.',
  state_other_step:
    'The state is for another step: one leads a browser to the partner, and another is brought back from there.',
  state_expired: 'The state is older than ten minutes.',
  state_used: 'The state was used before, with another id.',
} as const
export type StateRefusal = keyof typeof StateRefusals

/** Why an id that a partner gave is none. */
export const UidRefusals = {
  uid_constant: 'The id is a constant that stands for none.',
  uid_macro: 'The id is a macro that the partner did not replace.',
  uid_personal: `The id ${PERSONAL_SAYS}.`,
  uid_unfit: 'The id is longer than 512 bytes, or holds control bytes or half a character.',
} as const
export type UidRefusal = keyof typeof UidRefusals

/** Why a browser's id was not taken, besides the words above. */
export const TakeRefusals = {
  ...StateRefusals,
  ...UidRefusals,
  no_cookie: 'The browser sent no cookie of ours: there is nobody to match.',
  partner_paused: 'The partner is paused, or its sync is switched off.',
  quarantined: 'The id was found at too many browsers or people lately: it is refused for a month.',
  hot_id: 'More browsers or people have this id than one person can be: it is refused for a month.',
  frozen: 'The browser changes its id of this partner too often: it keeps the last one.',
  held: 'The browser has an id of this partner already, and an unsigned match never replaces one.',
  too_many_ids: 'The person would be joined of more than 64 ids.',
  too_many_matches: 'The id has 256 matches already.',
  suppressed: 'The person behind the id, or the browser, is to be left alone.',
} as const
export type TakeRefusal = keyof typeof TakeRefusals

/** Why a partner's own start of a match was refused, besides the words above. */
export const MatchRefusals = {
  unsigned: 'The signature s is missing, wrong, or off by more than five minutes.',
  signature_used: 'The signature was used by another browser before.',
  redirect_refused: 'redir is no https address of a host that is registered for this partner.',
} as const
export type MatchRefusal = keyof typeof MatchRefusals

/** How a refused binding is told to a browser. */
export function takeRefusalOf(reason: BindRefusal): TakeRefusal {
  if (reason === 'bad_value' || reason === 'self') return 'uid_unfit'
  return reason === 'one_per_person' || reason === 'namespace_full' ? 'too_many_ids' : reason
}

/**
 * Why a partner is not among the syncs of an answer. `says` is what `debug` shows; the first seven are
 * Prebid Server's own words.
 */
export const PlanReasons = {
  unknown: 'Unsupported bidder',
  not_configured: 'No sync config',
  duplicate: 'Duplicate bidder',
  filtered: 'Rejected by request filter',
  in_sync: 'Already in sync',
  denied: 'Rejected by privacy',
  disabled: 'Sync disabled by config',
  regulation: 'Rejected by regulation scope',
  matched_by_eid: 'Already in sync by an id in eids',
  cookies_blocked: 'Not asked: this browser keeps no third-party cookies',
  pausing: 'Not asked: earlier syncs did not come back',
  silent: 'Not asked: this partner hardly ever answers',
  suppressed: 'Not asked: this person is to be left alone',
  limit_reached: 'Not asked: the limit is reached',
} as const
export type PlanReason = keyof typeof PlanReasons
