/** Bounds of the audience room; each with its default and what happens when it is reached. */
export const LIMITS = {
  /** Ids of one request that are looked up; surplus ones are left out, in the order of identify. */
  candidatesMax: 32,
  /** Keys in one read of the store. */
  recallKeysMax: 128,
  /** Bytes of one id's value; a longer one is no id. */
  idBytesMax: 512,
  /** Ids that one person may be joined of: a match beyond it is refused (`too_many_ids`). */
  idsPerPersonMax: 64,
  /** Customers of one namespace an id may be known by in turn; with one more it is shared, and joins nobody by claims. */
  customersPerIdMax: 5,
  /** Ids read to settle claims; what lies further away has no say. */
  settleIdsMax: 512,
  /** Live matches kept at one id, of all owners: one more is refused (`too_many_matches`). */
  edgesPerIdMax: 256,
  /** Ids over which an erasure is passed on besides those it deletes; what was given about more is not told. */
  pastIdsMax: 1_024,
  /** Live memberships kept at one id; surplus ones are left out, those that end first. */
  membershipsPerIdMax: 1_000,
  /** Assignments, edges or keys in one write of the store: longer batches are written in parts. */
  writeBatchMax: 1_000,
  /** Highest number of a segment, partner or namespace. */
  numberMax: 0x7fff_ffff,
  /** Characters of what a data label says of who is in a segment (Data Transparency Standard). */
  labelCriteriaCharsMax: 500,
  /** Entries in each list of a data label; one of countries holds all there are. */
  labelListMax: 32,
  /** Longest life of a membership or match, in days. */
  ttlDaysMax: 3_650,

  /** People kept in each process's near-cache; beyond it the least recently used goes. */
  nearCacheMax: 200_000,
  /** The most that setting may ask for (about 240 bytes each). */
  nearCacheMaxMax: 20_000_000,
  /** Bytes of one person's memberships and matches kept in the near-cache; a bigger record is read each time. */
  nearCacheRecordBytesMax: 60_000,
  /** Blocks of 128 bytes for what does not fit into the rows, per row; beyond it such people are read each time. */
  nearCacheBlocksPerRow: 0.5,
  /** How long a near-cache row is served without asking again. */
  freshMsMax: 60_000,
  /** How long it is served while it is being read anew. */
  staleMsMax: 600_000,
  /** How long "nobody knows this id" is believed. */
  strangerMsMax: 30_000,
  /** After a refresh failed, none is begun for so long: stale rows are served meanwhile. */
  refreshPauseMs: 1_000,
  /** Keys being read from the store at once, per process; beyond it a recall is refused. */
  readsMax: 20_000,

  /** How often the change log is read: as often as the catalog's version, so that one timer wakes a process for both. */
  changePollMs: 50,
  /** Entries of the change log in one read. */
  changesMax: 1_000,
  /** Without a successful read of the change log for longer, the near-cache starts clean. */
  changeGapMsMax: 5_000,
  /** How long opening waits for a store that neither answers nor refuses. */
  openWaitMs: 1_000,
  /** Waits between attempts to read the root secret from a store out of reach. */
  secretRetryMs: 500,
} as const
