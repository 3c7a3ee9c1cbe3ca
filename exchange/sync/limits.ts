/** Bounds of cookie sync: each with what happens there. */
export const SYNC_LIMITS = {
  /** A name that is not synced here lets the catalog be asked anew at most this often. */
  lookAgainMs: 20,
  /** How long a state may take through partner and back; later: `state_expired`. */
  stateTtlMs: 600_000,
  /** Syncs in one answer, whatever was asked: a person has 64 ids at most. */
  syncsMax: 64,
  /** Names in `bidders`; later ones are not looked at. */
  biddersMax: 512,
  /** How long the visitors of a page share an order of partners, where all of them are asked. */
  lineUpMs: 20,
  /** Bytes of all their entries that are kept ready to be sent; longer ones are put together for each visitor. */
  entryRunBytesMax: 32_768,
  /** Further partners that one visit leads to over a route, from one to the next; then the route ends. */
  hopsMax: 1,
  /** How long a match holds where the partner says nothing. */
  ttlDaysDefault: 14,
  /** A match is renewed between these shares of its life, a moment of its own for each. */
  refreshFrom: 0.5,
  refreshTo: 0.75,

  /** Partners whose silence a browser's cookie remembers; of more, those asked longest ago are forgotten. */
  asksMax: 32,
  /** Asking in vain this often costs no pause: a page may have been left before the pixel was done. */
  asksFree: 2,
  /** Pause after that, doubled with each further time. */
  pauseHoursFirst: 1,
  pauseHoursMax: 168,
  /** Asks of cookie-keeping browsers after which a partner that hardly answers any counts as silent. */
  silentAsksMin: 200,
  /** Share of answers below which it does. */
  silentShare: 0.005,
  /** A silent partner is asked once in so many times, so that it is found when it is back. */
  silentAskEvery: 32,
  /** Asks after which older ones count half. */
  rateWindowAsks: 1_024,

  /** Life of our cookie from its last renewal. */
  cookieTtlDays: 90,
  /** Age at which it is renewed. */
  cookieRenewDays: 30,
  /** Life of an opt-out; browsers allow no more. */
  optOutTtlDays: 400,

  /** Browsers with one and the same id of a partner; one more: the id is put into quarantine (`hot_id`). */
  browsersPerIdMax: 30,
  quarantineDays: 30,
  /** Matches of one import refused at one id, since the person has all the ids one may have; then it is quarantined. */
  refusalsPerIdMax: 200,
  /** Ids whose refusals an import remembers; of more, those refused longest ago are forgotten. */
  refusedIdsMax: 10_000,
  /** Other values a browser may take in one namespace within a UTC day; one more: `frozen`, the last one stays. */
  changesPerDayMax: 3,
  /** Ids of `eids` that are looked up. */
  eidsMax: 16,
  /** How far the clock of a partner that signs may be off. */
  signatureSkewMs: 300_000,
} as const
