/** Why a match was refused; nothing moved. */
export const LinkRefusals = {
  bad_value: 'One of the two values is no id: empty, too long, with control bytes, or all zeros.',
  self: 'Both ends are the same id.',
  one_per_person: 'It would give one person two values in a namespace that allows one.',
  too_many_ids: 'The person would be joined of more than 64 ids.',
  too_many_matches: 'One of the two ids has 256 live matches already.',
  suppressed: 'A person behind one of the two ids is to be left alone for good.',
} as const
export type LinkRefusal = keyof typeof LinkRefusals

/** Why nothing was assigned to an id, beside the faults of its value. */
export const AssignRefusals = {
  suppressed: 'The person behind the id is to be left alone for good.',
} as const
export type AssignRefusal = keyof typeof AssignRefusals

/** Why a browser was not bound to a partner's id; nothing moved. */
export const BindRefusals = {
  ...LinkRefusals,
  held: 'The browser has a value already, and a weak match never replaces one.',
  frozen: 'The browser changes its value too often: it keeps the one it has.',
  hot_id: 'More browsers have this id than one person can have.',
} as const
export type BindRefusal = keyof typeof BindRefusals
