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
  unknown: 'The record is of a kind that this version cannot count.',
  end_missing: 'Records are missing at the end: more of them were counted than there are.',
  file_missing: 'The file is gone, and records of it were counted.',
} as const
export type ChainDamageWord = keyof typeof ChainDamages

/** What an operator should know of the ledger; health shows `degraded: <word>`. */
export const LedgerFindings = {
  ledger:
    'The ledger cannot be written, so contracted segments stop being served after 5 s: check free space and the disk of PASSERELLE_DATA.',
  ledger_unshipped:
    'The store does not take usage: it is kept in the ledger, and counted once the store is back.',
  ledger_uncounted:
    'What was given a minute ago is not counted, so contracts with caps give nothing until it is: see that the desk of this instance runs, and what health and log say of counting.',
  ledger_damaged:
    'A part of the ledger is damaged, and what it holds from there on is not counted: see `passerelle ledger verify`, and put the file back from a backup.',
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
