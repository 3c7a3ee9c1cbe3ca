import { type Problem, refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { CAP_OVERSHOOT_MS } from '../cap.ts'
import {
  CONTRACT_LIFE,
  ContractBody,
  type ContractRecord,
  type ContractStatus,
} from '../contract.ts'
import { missingDataProtection } from '../data-protection.ts'
import { OFFER_KIND, type OfferRecord } from '../offer.ts'
import { malformedContract, senselessContract } from './check-contract.ts'
import { contractConflicts, isBinding } from './check-exclusive.ts'
import { refuseStaleLabels } from './check-label.ts'
import type { Shown, WriteOptions, Written } from './desk.ts'
import { type Actor, type DeskDeps, isExchange, mustWriteFor, sees } from './desk.ts'
import { mayKnowOffer } from './offers.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { draftOf, revised } from './revise-contract.ts'
import { guarded } from './sold-guards.ts'
import { beyondOffer } from './within-offer.ts'
import { checkedBody, checkId, refuseAll, writeRecord } from './write-record.ts'

/** A contract as the desk shows it: the record, and what follows from it. */
export interface ContractShown extends ContractRecord {
  id: string
  /** With caps: what is delivered so long after one is reached may still go beyond it. */
  capsOvershootMs?: number
  /** What the record of processing asks for and `dataProtection` does not say. */
  dataProtectionMissing: string[]
}

const checkContract = checker(ContractBody)
/** What a body may repeat of what was read, and only we write. */
export const CONTRACT_READ_ONLY: readonly string[] = [
  'id',
  'capsOvershootMs',
  'dataProtectionMissing',
  ...CONTRACT_LIFE.filter((field) => field !== 'status'),
]

/**
 * Makes or replaces a contract. An operator of the exchange may give it any status at once; a side
 * only drafts, and both sides sign. Changed terms make a new version that nobody has signed yet.
 */
export async function putContract(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<ContractShown>> {
  checkId(id)
  const given = checkedBody<ContractBody>(body, checkContract, CONTRACT_READ_ONLY)
  mustWriteFor(actor, given.seller, given.buyer)
  refuseAll('invalid', malformedContract(given))
  const write = () => writeContract(deps, actor, { id, given, ifMatch })
  const written = await deps.turns.take(given.exclusive !== undefined, write)
  return { ...written, value: showContract(id, written.value!) }
}

function writeContract(
  deps: DeskDeps,
  actor: Actor,
  { id, given, ifMatch }: { id: string; given: ContractBody } & WriteOptions,
): Promise<Written<ContractRecord | null>> {
  return writeRecord<ContractRecord>(
    deps,
    { kind: 'contract', id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        const before = existing?.value as ContractRecord | undefined
        if (before && !sees(actor, before.seller, before.buyer))
          throw refuse('conflict', 'id', 'the id is taken')
        refuseAll('unprocessable', senselessContract(given, snapshot))
        const terms = isExchange(actor) ? given : withFeeOf(before, given)
        const after = revised(before, terms, {
          nowText: new Date(deps.clock.now()).toISOString(),
          statusOf: isExchange(actor)
            ? () => given.status ?? before?.status ?? 'draft'
            : (isNew) => statusBySide(before, given.status, isNew),
        })
        if (!isExchange(actor) && after.version !== before?.version)
          refuseAll('unprocessable', beyondItsOffer(actor, { before, given: after, snapshot }))
        refuseUnpublishable(deps, { before, after, snapshot })
        refuseConflicts(deps, actor, { id, contract: after, snapshot })
        return guarded(draftOf(id, before, after, snapshot), before, snapshot)
      },
    },
  )
}

export function getContract(deps: DeskDeps, actor: Actor, id: string): Shown<ContractShown> {
  return readRecord(deps, id, reading(actor))
}

export function listContracts(
  deps: DeskDeps,
  actor: Actor,
  page: PageOptions,
): Page<ContractShown> {
  return listRecords(deps, page, reading(actor))
}

export function showContract(id: string, record: ContractRecord): ContractShown {
  return {
    id,
    ...record,
    ...(record.caps?.length ? { capsOvershootMs: CAP_OVERSHOOT_MS } : {}),
    dataProtectionMissing: missingDataProtection(record.dataProtection),
  }
}

/** Refuses (`conflict`) a contract in force, or about to be, that breaks what is exclusive. */
export function refuseConflicts(
  deps: DeskDeps,
  actor: Actor,
  { id, contract, snapshot }: { id: string; contract: ContractRecord; snapshot: CatalogSnapshot },
): void {
  if (!isBinding(contract)) return
  const asked = { actor, nowMs: deps.clock.now() }
  refuseAll('conflict', contractConflicts(snapshot, { id, contract }, asked))
}

/** Refuses (`unprocessable`) to bring into force what must not be published; what is in force goes on. */
export function refuseUnpublishable(
  deps: DeskDeps,
  {
    before,
    after,
    snapshot,
  }: { before: ContractRecord | undefined; after: ContractRecord; snapshot: CatalogSnapshot },
): void {
  if (after.status !== 'active') return
  const inForce = before?.status === 'active' ? before.segments : []
  const asked = { segments: after.segments, before: inForce }
  refuseStaleLabels(snapshot, asked, deps.clock.now())
}

/** A side stays within the offer it names, and names one it knows of. */
function beyondItsOffer(
  actor: Actor,
  {
    before,
    given,
    snapshot,
  }: { before: ContractRecord | undefined; given: ContractRecord; snapshot: CatalogSnapshot },
): Problem[] {
  if (given.offer === undefined) return []
  const offer = snapshot.kind(OFFER_KIND).get(given.offer)?.value as OfferRecord
  if (before?.offer !== given.offer && !mayKnowOffer(actor, offer))
    return [{ field: 'offer', reason: `the seller has no offer ${given.offer}` }]
  return beyondOffer(given, offer)
}

/** The exchange's fee is its own to set: a side leaves it as it is. */
function withFeeOf(before: ContractRecord | undefined, given: ContractBody): ContractBody {
  const { platformFeeBps: asked, ...terms } = given
  const fee = before?.platformFeeBps
  if (asked !== undefined && asked !== fee)
    throw refuse('forbidden', 'platformFeeBps', 'only an operator of the exchange sets it')
  return { ...terms, ...(fee === undefined ? {} : { platformFeeBps: fee }) }
}

/** A side drafts and nothing else: the status follows from signatures. */
function statusBySide(
  before: ContractRecord | undefined,
  asked: ContractStatus | undefined,
  isNew: boolean,
): ContractStatus {
  if (asked !== undefined && asked !== 'draft' && asked !== before?.status)
    throw refuse('forbidden', 'status', 'only an operator of the exchange sets it: sign instead')
  return before && !isNew ? before.status : 'draft'
}

function reading(actor: Actor): Reading<ContractRecord, ContractShown> {
  return {
    kind: 'contract',
    visible: ({ seller, buyer }) => sees(actor, seller, buyer),
    show: showContract,
  }
}
