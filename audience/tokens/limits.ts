/** Bounds of opening tokens; each with what happens when it is reached. */
export const TOKEN_LIMITS = {
  /** Tokens whose id is remembered, per source and process (40 bytes each); beyond it the least recently used goes, and is opened again. */
  cacheMax: 100_000,
  /** How long a token that gives no id is not tried again. */
  badTokenS: 300,
  /** How far ahead of ours the clock may be of who made a token, where the keys do not say. */
  clockSkewS: 1_800,
  /** Keys of one source; more are refused. */
  keysMax: 10_000,
  /** Sites with a list of domains, and domains of one; more are refused. */
  sitesMax: 20_000,
  siteDomainsMax: 1_000,
} as const
