/** Why a record was not acknowledged. */
export const NotAppendedReasons = {
  write_failed: 'The file could not be written or synced: check free space and the disk.',
  broken: 'The last write failed, and the file is not writable again yet.',
  full: 'Too many records wait for the disk.',
  too_long: 'The record is longer than a line may be.',
  closed: 'The file was closed.',
} as const
export type NotAppendedReason = keyof typeof NotAppendedReasons

/** What a chained file can have suffered. */
export const ChainDamages = {
  unreadable: 'The line is no record, or its end was cut and something stands behind it.',
  changed: 'The record, or its hash, is not what was written.',
  out_of_place: 'Another record belongs here: one was dropped, added, or moved.',
} as const
export type ChainDamageWord = keyof typeof ChainDamages

/** What an operator should know of the ledger; health shows `degraded: <word>`. */
export const LedgerFindings = {
  ledger:
    'The ledger cannot be written, so contracted segments stop being served after 5 s: check free space and the disk of PASSERELLE_DATA.',
} as const
export type LedgerFindingWord = keyof typeof LedgerFindings

/** A finding with its sentence, and what was observed. */
export function ledgerFinding(
  finding: LedgerFindingWord,
  observed = '',
): { finding: string; advice: string } {
  const advice: string = LedgerFindings[finding]
  return { finding, advice: observed ? `${advice} (${observed})` : advice }
}
