import type { Licences, SourceLicence } from '../../audience/events/licences.ts'
import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot, KindRecords } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import { whyDormant } from '../live-contracts.ts'
import { momentOf } from '../moment.ts'
import { Period } from '../period.ts'
import type { Need } from './basis-of.ts'

/** What is made of somebody else's data is made under a contract with this use. */
export const MODELING = 'modeling'

/** A contract under which something of others may be used to make one's own. */
export interface ModelingContract {
  id: string
  /** Of its record: names its terms. */
  version: number
  value: ContractRecord
  startsMs: number
  endsMs: number
}

/** Contracts with the use `modeling` of one buyer, whatever their status. */
export function modelingContracts(
  snapshot: CatalogSnapshot,
  buyer: string,
): readonly ModelingContract[] {
  const contracts = snapshot.kind('contract')
  let byBuyer = known.get(contracts)
  if (!byBuyer) known.set(contracts, (byBuyer = contractsByBuyer(contracts)))
  return byBuyer.get(buyer) ?? []
}

const known = new WeakMap<KindRecords, Map<string, ModelingContract[]>>()
const knownSources = new WeakMap<KindRecords, Map<string, string[]>>()

/** `source contract` of each source of an owner that collects under one. */
function licensedSources(snapshot: CatalogSnapshot, owner: string): readonly string[] {
  const sources = snapshot.kind(SOURCE_KIND)
  let byOwner = knownSources.get(sources)
  if (!byOwner) knownSources.set(sources, (byOwner = sourcesByOwner(sources)))
  return byOwner.get(owner) ?? []
}

function sourcesByOwner(sources: KindRecords): Map<string, string[]> {
  const byOwner = new Map<string, string[]>()
  for (const { id, value } of sources.values()) {
    const { owner, contract } = value as Source
    if (contract !== undefined)
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), `${id} ${contract}`])
  }
  return byOwner
}

function contractsByBuyer(contracts: KindRecords): Map<string, ModelingContract[]> {
  const byBuyer = new Map<string, ModelingContract[]>()
  for (const { id, version, value } of contracts.values()) {
    const contract = value as ContractRecord
    if (!contract.uses.includes(MODELING)) continue
    const { buyer, timeZone } = contract
    const startsMs = momentOf(contract.startsAt, timeZone)
    const endsMs = momentOf(contract.endsAt, timeZone)
    const own = byBuyer.get(buyer) ?? []
    byBuyer.set(buyer, own)
    own.push({ id, version, value: contract, startsMs, endsMs })
  }
  return byBuyer
}

/** The contracts that would do for a need, whatever their status: the seller must own what it sells. */
export function contractsFor(
  snapshot: CatalogSnapshot,
  { buyer, segment, contract }: Need,
): ModelingContract[] {
  const own = modelingContracts(snapshot, buyer)
  if (segment === undefined) return own.filter(({ id }) => id === contract)
  const owner = (snapshot.kind(SEGMENT_KIND).get(segment)?.value as Segment | undefined)?.owner
  return own.filter(({ value }) => value.seller === owner && value.segments.includes(segment))
}

/** The one that is live now and lasts longest; undefined: what needs it may not be used. */
export function liveFor(
  snapshot: CatalogSnapshot,
  need: Need,
  nowMs: number,
): ModelingContract | undefined {
  return contractsFor(snapshot, need)
    .filter(({ value }) => whyDormant(snapshot, value, nowMs).length === 0)
    .sort((a, b) => b.endsMs - a.endsMs)[0]
}

/** What an owner's rules may use of others now, and until when these answers hold. */
export function licencesOf(snapshot: CatalogSnapshot, owner: string, nowMs: number): Licences {
  const contracts = modelingContracts(snapshot, owner)
  const period = new Period(nowMs)
  for (const { startsMs, endsMs } of contracts) period.include(startsMs, endsMs)
  const states = contracts.map(({ id, version, value }) =>
    [id, version, whyDormant(snapshot, value, nowMs).join()].join(' '),
  )
  return {
    key: [...states, ...licensedSources(snapshot, owner)].join('|'),
    untilMs: period.untilMs,
    segment(id) {
      const live = liveFor(snapshot, { buyer: owner, segment: id }, nowMs)
      const segment = snapshot.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
      return live && segment ? { number: segment.number, untilMs: live.endsMs } : undefined
    },
    source: (id) => sourceLicence(snapshot, id, nowMs),
  }
}

/** Whether what a source collects may be used; what a contract brought that is over has to go. */
export function sourceLicence(snapshot: CatalogSnapshot, id: string, nowMs: number): SourceLicence {
  const source = snapshot.kind(SOURCE_KIND).get(id)?.value as Source | undefined
  if (!source) return { state: 'over' }
  const { owner: buyer, contract } = source
  if (contract === undefined) return { state: 'own' }
  const [found] = contractsFor(snapshot, { buyer, contract })
  if (!found) return { state: 'over' }
  const { status } = found.value
  if (status === 'revoked' || status === 'ended' || found.endsMs <= nowMs) return { state: 'over' }
  const isLive = whyDormant(snapshot, found.value, nowMs).length === 0
  return isLive ? { state: 'live', untilMs: found.endsMs } : { state: 'dormant' }
}
