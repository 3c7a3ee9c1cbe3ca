import { DAY_MS } from '../audience/clock.ts'

/** Bounds of the exchange: each with the reason for its size. */
export const LIMITS = {
  /** Characters of a name; what a list page can still show. */
  nameCharsMax: 255,
  /** Segments in one contract: a whole provider's catalogue fits. */
  contractSegmentsMax: 10_000,
  /** Earlier versions of one contract that are kept: a change of price each month for eight years. */
  contractVersionsMax: 100,
  /** Regions in one contract: every country of the world fits. */
  regionsMax: 260,
  /** Segments in each of a deal's any, all and none; a request walks them. */
  dealAudienceMax: 64,
  /** Buyer partners in one deal. */
  dealBuyersMax: 1_000,
  /** Contracts in a document of data protection, and names of segments told of each. */
  dpRecordsMax: 10_000,
  dpSegmentsNamed: 100,
  /** Partners in each of an offer's lists. */
  offerPartnersMax: 1_000,
  /** People an offered segment must have where its offer does not say. */
  minPeopleDefault: 1_000,
  minPeopleMax: 1_000_000,
  /** The least a seller may set itself; the exchange's operator may set less. */
  minPeopleLeast: 50,
  /** Moments shown of one condition of an explained rule, the latest; those before are counted. */
  explainedMomentsMax: 20,
  /** A size is told in whole steps of so many: what is small stays untold. */
  sizeStep: 250,
  /** Namespaces remembered of a segment's imports; beyond them the oldest are forgotten. */
  refreshNamespacesMax: 32,
  /** How long a caller waits while everybody is counted, before being told how far that is. */
  reachWaitMsMax: 5_000,
  /** Segments, and partners, in one question about reach: what they take is done in one turn (a few ms each of ten million people). */
  reachSegmentsMax: 16,
  reachPartnersMax: 16,
  /** Days a person's matches may have been seen in, for a KPI. */
  kpiDaysDefault: 30,
  kpiDaysMax: 397,
  /** Drafts of one buyer from one offer that are not signed yet. */
  openRequestsMax: 20,
  /** Seats or advertiser domains in one deal or contract; they are written into requests. */
  seatsMax: 256,
  /** Deals of one seller up to which its own key may bring in more; an operator may beyond. */
  sellerDealsMax: 10_000,
  /** Bytes of what is kept of an imported deal's document without having a counterpart here. */
  dealKeptBytesMax: 8 * 1024,
  /** Sites or apps one deal is limited to. */
  dealSitesMax: 1_000,
  /** Keys of one partner: rotation needs two, a fleet of consumers a few more. */
  partnerKeysMax: 64,
  /** Origins one page key is for, and bidders its answers are for. */
  pageOriginsMax: 64,
  pageBiddersMax: 64,
  /** Requests a second that a page key may ask for; the default where its holder does not say. */
  pagePerSecondMax: 10_000,
  pagePerSecondDefault: 200,
  /** Bytes of a key as presented; longer ones are refused unread. */
  keyCharsMax: 256,
  /** Presented keys remembered as verified, so that a request hashes nothing. */
  verifiedKeysMax: 4_096,
  /** Compiled views (buyer × class of countries × how much may be shared) kept per catalog version. */
  viewsMax: 512,
  /** How long units are added up in memory before they are written: what a killed process loses, at most. */
  meterFlushMs: 200,
  /** Kinds of answers counted before they are added up ahead of the flush: bounds memory, loses nothing. */
  meterCellsMax: 8_192,
  /** Lines of one record of deliveries; more make more records. */
  deliveredLinesMax: 1_000,
  /** Bytes of what a token says an answer carried; segments beyond are not written (`token_full`). */
  tokenBytesMax: 4_000,
  /** Characters of a token as presented, those of the longest that is made; longer ones are refused unread. */
  tokenCharsMax: 5_400,
  /** How often the desk compares usage with caps. */
  capsEveryMs: 200,
  /** Days whose usage may still change (a notice comes up to 72 h after its answer), held day by day. */
  capsRecentDays: 5,
  /** Counters of recent days that are held for caps (some 100 bytes each); with more they are read each time. */
  capsFollowedMax: 2_000_000,
  /** How often older days are read again for caps, at most: a buyer's report may still add to them. */
  capsOldEveryMs: 3_600_000,
  /** Lines of usage read at once (about 200 MB of them); a question that needs more is refused. */
  usageLinesMax: 500_000,
  /** Sets of segments used together that are worked out in one step (a few ms), between which other work goes on. */
  setsSplitMax: 500,
  /** Sets held for caps that are worked out again in each comparison though nothing was counted in them: all of them within minutes. */
  setsAgainMax: 200,
  /** Segments in the sets of a day that are held for caps at once (about 200 MB of them). */
  capsSetMembersMax: 250_000,
  /** Passes in which counters are read for caps, so that no more of such sets are held at once. */
  capsPassesMax: 64,
  /** Readings for caps in one round that may turn out to be too much; the next round goes on from there. */
  capsTooMuchMax: 16,
  /** How often a contract whose usage was too much for its caps to be compared is tried again. */
  capsRetryMs: 60_000,
  /** How long contracts are read in the parts in which it worked, before it is tried with all at once again. */
  capsPartsMs: 600_000,
  /** How long comparing all caps may take before health says so. */
  capsTookMsMax: 5_000,
  /**
   * How long usage may be unreadable before contracts whose caps are not compared meanwhile stop: a store that
   * starts again, or fails over, is back by then.
   */
  capsUnreadMsMax: 60_000,
  /** Days of usage read in one step where there is hardly any. */
  usageStepDaysMax: 366,
  /** How long a count of the people in a segment is good for; counting looks at every profile. */
  populationMs: 3_600_000,
  /** Lines of one statement, which every process holds packed once it is closed; with more it cannot be. */
  statementLinesMax: 50_000,
  /** Adjustments agreed on one statement; and how many of late usage are written at once. */
  adjustmentsMax: 1_000,
  /** Adjustments of one statement that late usage makes: each of its lines may be late. */
  lateAdjustmentsMax: 50_000,
  /** Disputes noted on one statement. */
  disputesMax: 100,
  /** Characters of a reason that somebody gives. */
  reasonCharsMax: 1_000,
  /** How long after a month notices may still come, and a statement waits to be closed. */
  closingMs: 4 * DAY_MS,
  /** How often the desk closes statements whose time has come, and looks for late usage. */
  statementSweepMs: 600_000,
  /** How long after a month late usage is looked for. */
  lateUsageMs: 100 * DAY_MS,
  /** Days of usage one preview looks at. */
  previewDaysMax: 400,
  /** Different lines of one self-report; further ones are refused. */
  reportLinesMax: 200_000,
  /** Contracts a report remembers; more are looked up again. */
  reportContractsMax: 10_000,
  /** Units of one line of a report. */
  reportUnitsMax: 1_000_000_000_000,
  reportRevisionMax: 999_999_999,
  /** Rows of one CSV answer; the rest is on the next page. */
  csvRowsMax: 100_000,
  /** How old a token may be when a notice comes; older ones are `expired`. */
  tokenAgeSMax: 72 * 3600,
  /** How far in the future a token may be made, by clocks that differ; beyond it `from_future`. */
  tokenSkewSMax: 60,
  /**
   * Impressions that a token says its answer was for: of one for more, and of one from before tokens said it, so
   * many can be billed.
   */
  tokenImpsMax: 127,
  /** Impressions remembered, over all tokens, so that a token tells of no more than it was for; the oldest tokens' leave. */
  toldImpsMax: 100_000,
  /** Characters of an imp id in a notice; longer ones are `bad_imp`. */
  noticeImpCharsMax: 256,
  /** Segments a notice may say were used: as many as an answer can carry; more are `bad_used`. */
  noticeUsedMax: 1_000,
  /** Notices remembered as written, so that a repeated one is not written again; the oldest are forgotten. */
  recentNoticesMax: 10_000,
  /** Objects named in one refusal. */
  namedMax: 20,
  /** Problems named where a whole catalog is refused; mended, the next ones are. */
  applyProblemsMax: 1_000,
  /** Objects on one page of a list. */
  pageMax: 1_000,
  /** Objects on a page where the caller did not say. */
  pageDefault: 100,
  /** Times a write is tried again after somebody else wrote the same object in between. */
  writeAttempts: 4,
} as const
