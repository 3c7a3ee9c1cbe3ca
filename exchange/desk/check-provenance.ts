import { DAY_MS } from '../../audience/clock.ts'
import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import type { TraitBody } from '../../audience/events/trait.ts'
import { isWeaker } from '../../audience/provenance.ts'
import { type Problem, Refused, refuse } from '../../audience/refusal.ts'
import type { SegmentBody } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import { asksIn } from '../provenance/asks-of.ts'
import { basisOf, basisRecords, type Need } from '../provenance/basis-of.ts'
import { contractsFor, liveFor, MODELING, type ModelingContract } from '../provenance/licences.ts'
import { sourceProvenance } from '../provenance/provenance-of.ts'
import { refuseAll } from './write-record.ts'

/**
 * A third party's source names the contract under which it collects: live when it is named, with the owner as buyer
 * and the use `modeling`. What a source's events are is fixed when it is made.
 */
export function refuseUnlicensedSource(
  given: Source,
  before: Source | undefined,
  { snapshot, nowMs }: { snapshot: CatalogSnapshot; nowMs: number },
): void {
  const provenance = sourceProvenance(given)
  if (before && sourceProvenance(before) !== provenance)
    throw refuse('conflict', 'provenance', 'is fixed when a source is made: make another')
  const { owner, contract } = given
  if (provenance === 'third_party' && contract === undefined)
    throw refuse('unprocessable', 'contract', 'is required of a third party’s source')
  if (provenance !== 'third_party' && contract !== undefined)
    throw refuse('unprocessable', 'contract', 'belongs to a source of provenance third_party')
  if (contract === undefined || contract === before?.contract) return
  const need = { buyer: owner, contract }
  if (!liveFor(snapshot, need, nowMs))
    throw refuse('unprocessable', 'contract', unlicensed(snapshot, need))
}

function unlicensed(snapshot: CatalogSnapshot, { buyer, contract = '' }: Need): string {
  const found = snapshot.kind('contract').get(contract)?.value as ContractRecord | undefined
  // One answer for what is not there and what is others'.
  if (found?.buyer !== buyer) return `${buyer} buys under no contract ${contract}`
  if (!found.uses.includes(MODELING)) return `contract ${contract} has no use ${MODELING}`
  return `contract ${contract} is not live: it is ${found.status}, or its time has not come or is over`
}

/** A trait is never said to be stronger than what it sees, and a third party's ends with its contract. */
export function refuseBadProvenance(
  { owner, source: id, provenance, ttlDays }: TraitBody,
  snapshot: CatalogSnapshot,
): void {
  const source = snapshot.kind(SOURCE_KIND).get(id ?? '')?.value as Source | undefined
  if (id !== undefined && source?.owner !== owner)
    throw refuse('unprocessable', 'source', `${owner} has no source ${id}`)
  const from = sourceProvenance(source)
  if (provenance === 'third_party' && from !== 'third_party')
    throw refuse('unprocessable', 'source', 'of a third party’s trait is a third party’s source')
  if (source && provenance && isWeaker(from, provenance))
    throw refuse('unprocessable', 'provenance', `is ${from} at best: that is what ${id} is`)
  const contract = source?.contract
  if (contract === undefined) return
  refuseAll('unprocessable', lastingProblems(snapshot, [{ buyer: owner, contract }], ttlDays))
}

/** What a segment is made of under contracts lasts no longer than these; and what others license is not sold on. */
export function refuseBadBasis(id: string, segment: SegmentBody, snapshot: CatalogSnapshot): void {
  const { owner } = segment
  const { needs } = basisOf(basisRecords(snapshot), id, { owner, asks: asksIn(segment) })
  const problems = lastingProblems(snapshot, needs, segment.ttlDays)
  const sold = needs.some((need) => need.segment !== undefined) ? soldAs(snapshot, id) : undefined
  if (sold !== undefined)
    problems.push({
      field: 'rule',
      reason: `${sold} sells ${id}: what is made of others’ segments is not for sale`,
    })
  if (problems.length > 0) throw new Refused('unprocessable', problems)
}

function soldAs(snapshot: CatalogSnapshot, id: string): string | undefined {
  for (const { id: name, value } of snapshot.kind('offer').values()) {
    const { status, segments } = value as { status: string; segments: string[] }
    if (status === 'open' && segments.includes(id)) return `offer ${name}`
  }
  for (const { id: name, value } of snapshot.kind('contract').values()) {
    const contract = value as ContractRecord
    if (!isOver(contract) && contract.segments.includes(id)) return `contract ${name}`
  }
  return undefined
}

/** Longer than the longest contract that would do for something it needs. */
function lastingProblems(
  snapshot: CatalogSnapshot,
  needs: readonly Need[],
  ttlDays: number,
): Problem[] {
  return needs.flatMap((need) => {
    const found = contractsFor(snapshot, need).filter(({ value }) => !isOver(value))
    const days = Math.max(0, ...found.map(lengthDays))
    if (found.length === 0 || ttlDays <= days) return []
    const of = need.segment === undefined ? `contract ${need.contract}` : `segment ${need.segment}`
    return [{ field: 'ttlDays', reason: `is at most ${days}: so many days is ${of} licensed for` }]
  })
}

function isOver({ status }: ContractRecord): boolean {
  return status === 'revoked' || status === 'ended'
}

function lengthDays({ startsMs, endsMs }: ModelingContract): number {
  return Math.floor((endsMs - startsMs) / DAY_MS)
}
