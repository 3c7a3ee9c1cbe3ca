/** Bounds of taxonomies: each with the reason for its size. */
export const LIMITS = {
  /** Bytes of a file that is imported; the largest of the IAB's has 243 KB. Longer: 413. */
  fileBytesMax: 4 * 1024 * 1024,
  /** Nodes of one taxonomy, with those that no row stands for; more are refused. */
  nodesMax: 20_000,
  /** Taxonomies kept at once; one more is refused until another is deleted. */
  taxonomiesMax: 64,
  /** Characters of a node's id: as many as a segment may say. */
  idCharsMax: 128,
  /** Characters of a node's name. */
  nameCharsMax: 255,
  /** Tiers a file may have; a header that names more is none of a taxonomy. */
  tiersMax: 16,
  /** Lines within which the line of column names is looked for. */
  headerWithinLines: 5,
  /** Bad rows a refusal names, and disagreements a report does; further ones are counted. */
  rowsNamedMax: 1_000,
} as const
