/** Why a match was refused; nothing moved. */
export const LinkRefusals = {
  bad_value: 'One of the two values is no id: empty, too long, with control bytes, or all zeros.',
  self: 'Both ends are the same id.',
  one_per_person: 'It would give one person two values in a namespace that allows one.',
  namespace_full: 'It would give one person more ids of a namespace than that allows.',
  too_many_ids: 'The person would be joined of more than 64 ids.',
  too_many_matches: 'One of the two ids has 256 live matches already.',
  suppressed: 'A person behind one of the two ids is to be left alone for good.',
} as const
export type LinkRefusal = keyof typeof LinkRefusals

/** Why a claim is kept and joins nobody now; the order is that of the codes they are kept by. */
export const ParkReasons = {
  another_customer: 'Another customer is known by the id, by a stronger claim or a later one.',
  shared_id: 'More customers use the id than one person could be: it is nobody’s.',
  namespace_full: 'The person has as many ids of the namespace as it may, by later claims.',
  too_many_ids: 'The person is joined of 64 ids by later claims.',
} as const
export type ParkReason = keyof typeof ParkReasons

const PARK_CODES = Object.keys(ParkReasons) as ParkReason[]

/** As it is kept beside a claim (proto/edge-blob.ts); 0 for none. */
export function parkCode(reason: ParkReason | undefined): number {
  return reason === undefined ? 0 : PARK_CODES.indexOf(reason) + 1
}

export function parkReason(code: number): ParkReason | undefined {
  return PARK_CODES[code - 1]
}

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
