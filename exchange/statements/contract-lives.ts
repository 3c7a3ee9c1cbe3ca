import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import { dayIn, momentOf } from '../moment.ts'
import { contractTerms } from '../usage/contract-terms.ts'
import type { VersionLife } from '../usage/price/month-fees.ts'

export interface ContractLife extends VersionLife {
  terms: ContractRecord
}

/**
 * When each version of a contract's terms was in force, in their order, up to now: from when it was first
 * active and the contract had begun, until the next version was written, the contract was over, or revoked.
 * A pause is not the end of it.
 */
export function contractLives(
  snapshot: CatalogSnapshot,
  id: string,
  nowMs: number,
): ContractLife[] {
  const contract = snapshot.kind('contract').get(id)?.value as ContractRecord | undefined
  if (!contract) return []
  const versions = [...contract.keptVersions, contract.version].flatMap(
    (version) => contractTerms(snapshot, id, version) ?? [],
  )
  return versions.flatMap((terms, i) => {
    const { version, price, timeZone, activeSince, startsAt, endsAt, overSince } = terms
    if (activeSince === undefined) return []
    const next = versions[i + 1]?.termsAt
    const fromMs = Math.max(Date.parse(activeSince), momentOf(startsAt, timeZone))
    const ends = [overSince, next].flatMap((text) => (text === undefined ? [] : [Date.parse(text)]))
    const untilMs = Math.min(momentOf(endsAt, timeZone), nowMs, ...ends)
    return [{ version, price, timeZone, fromMs, untilMs, terms }]
  })
}

/** Those in force on any of these days (both ends included), which are the contract's own. */
export function livesWithin(
  lives: readonly ContractLife[],
  { from, to }: { from: string; to: string },
): ContractLife[] {
  return lives.filter(
    ({ fromMs, untilMs, timeZone }) =>
      fromMs < untilMs && dayIn(fromMs, timeZone) <= to && from <= dayIn(untilMs - 1, timeZone),
  )
}
