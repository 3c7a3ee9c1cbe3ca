/** How ids of an eid source become ids that people are known by; namespaces without one are `raw`. */
export const EidResolvers = {
  raw: 'The id is what the source sends.',
  uid2: 'The id is a UID2 token, opened with the keys of the namespace.',
  euid: 'The id is an EUID token, opened with the keys of the namespace.',
  none: 'Nobody is looked up by the source.',
} as const
export type EidResolverKind = keyof typeof EidResolvers
