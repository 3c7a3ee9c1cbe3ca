import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord, ContractStatus, Party, Side } from '../contract.ts'
import { missingRoles } from '../data-protection.ts'
import { closed } from '../fields.ts'
import { forbiddenSince } from './check-offer.ts'
import { seatProblems } from './check-seats.ts'
import {
  type ContractShown,
  refuseConflicts,
  refuseUnpublishable,
  showContract,
} from './contracts.ts'
import type { WriteOptions, Written } from './desk.ts'
import { type Actor, type DeskDeps, isExchange, notFound, sees, snapshotOf } from './desk.ts'
import { withStatus } from './revise-contract.ts'
import { guarded } from './sold-guards.ts'
import { checkedBody, refuseAll, writeRecord } from './write-record.ts'

// What moves a contract on. docs/endpoints/contracts.md has the picture.

/** Body of `POST /api/contracts/{id}/sign`; a tenant signs as the side it is. */
export const SignBody = closed({
  /** Which side an operator of the exchange signs for. */
  side: Type.Optional(Type.Enum(['seller', 'buyer'])),
  /** The version of the terms that was read: another one is not signed (`conflict`). */
  version: Type.Optional(Type.Integer({ minimum: 1 })),
})
export type SignBody = Static<typeof SignBody>

/** One step of a contract's life, as it is asked for. */
export interface StepAsked extends WriteOptions {
  id: string
  body?: unknown
}

const checkSign = checker(SignBody)
const checkEmpty = checker(closed({}))

/** Signs for one side; with both signatures the contract is active. Signing twice changes nothing. */
export function signContract(
  deps: DeskDeps,
  actor: Actor,
  asked: StepAsked,
): Promise<Written<ContractShown>> {
  const given = checkedBody<SignBody>(asked.body ?? {}, checkSign, [])
  return bringIntoForce(deps, actor, asked, (contract, { nowText }) => {
    if (given.version !== undefined && given.version !== contract.version)
      throw refuse('conflict', 'version', `the terms are at version ${contract.version} now`)
    const side = sideOf(actor, contract, given.side)
    if (contract.signed[side]) return contract
    refuseUnless(contract, ['draft', 'signed'])
    if (!isExchange(actor)) refuseWithoutRoles(contract)
    const signed = { ...contract.signed, [side]: nowText }
    const status = signed.seller && signed.buyer ? 'active' : contract.status
    return withStatus({ ...contract, signed }, status, nowText)
  })
}

/** Says no to a draft; either side may. It ends, and a new one can be drafted. */
export function declineContract(
  deps: DeskDeps,
  actor: Actor,
  asked: StepAsked,
): Promise<Written<ContractShown>> {
  return takeStep(deps, actor, asked, (contract, { nowText }) => {
    refuseUnless(contract, ['draft'])
    return withStatus(contract, 'ended', nowText)
  })
}

/** Stops a contract for now; either side may, and each of them for itself. */
export function pauseContract(
  deps: DeskDeps,
  actor: Actor,
  asked: StepAsked,
): Promise<Written<ContractShown>> {
  return takeStep(deps, actor, asked, (contract, { nowText }) => {
    refuseUnless(contract, ['active', 'signed', 'paused'])
    const paused = withStatus(contract, 'paused', nowText)
    const pausedBy = new Set([...(contract.pausedBy ?? []), partyOf(actor, contract)])
    return { ...paused, pausedBy: [...pausedBy].sort() }
  })
}

/**
 * Takes back a party's own pause; the contract goes on where nobody else has it paused. An operator of the
 * exchange takes back everybody's.
 */
export function resumeContract(
  deps: DeskDeps,
  actor: Actor,
  asked: StepAsked,
): Promise<Written<ContractShown>> {
  checkedBody(asked.body ?? {}, checkEmpty, [])
  return bringIntoForce(deps, actor, asked, (contract, { nowText }) => {
    if (contract.status === 'active') return contract
    refuseUnless(contract, ['paused'])
    const others = pausedByOthers(actor, contract)
    if (others.length > 0) return { ...contract, pausedBy: others }
    return withStatus(contract, contract.activeSince ? 'active' : 'signed', nowText)
  })
}

/** Ends a contract in good order, before its date; its sides’ operators may. */
export function endContract(
  deps: DeskDeps,
  actor: Actor,
  asked: StepAsked,
): Promise<Written<ContractShown>> {
  return takeStep(deps, actor, asked, (contract, { nowText }) => {
    mustBeOperator(actor, 'end')
    refuseUnless(contract, ['signed', 'active', 'paused', 'ended'])
    return withStatus(contract, 'ended', nowText)
  })
}

/** Ends a contract at once, for good: what it allowed is gone from every process within a second. */
export function revokeContract(
  deps: DeskDeps,
  actor: Actor,
  asked: StepAsked,
): Promise<Written<ContractShown>> {
  return takeStep(deps, actor, asked, (contract, { nowText }) => {
    mustBeOperator(actor, 'revoke')
    refuseUnless(contract, ['draft', 'signed', 'active', 'paused', 'revoked'])
    return withStatus(contract, 'revoked', nowText)
  })
}

type Change = (
  contract: ContractRecord,
  at: { nowText: string; snapshot: CatalogSnapshot },
) => ContractRecord

/** A step that needs nothing but the contract. */
function takeStep(
  deps: DeskDeps,
  actor: Actor,
  asked: StepAsked,
  change: Change,
): Promise<Written<ContractShown>> {
  checkedBody(asked.body ?? {}, checkEmpty, [])
  return changeContract(deps, actor, asked, change)
}

async function changeContract(
  deps: DeskDeps,
  actor: Actor,
  { id, ifMatch }: StepAsked,
  change: Change,
): Promise<Written<ContractShown>> {
  const nowText = new Date(deps.clock.now()).toISOString()
  const decide = (existing: { value: unknown } | undefined, snapshot: CatalogSnapshot) => {
    const contract = existing?.value as ContractRecord | undefined
    if (!contract || !sees(actor, contract.seller, contract.buyer)) throw notFound()
    return guarded({ value: change(contract, { nowText, snapshot }) }, contract, snapshot)
  }
  const target = { kind: 'contract', id }
  const written = await writeRecord<ContractRecord>(deps, target, { ifMatch, decide })
  return { ...written, value: showContract(id, written.value!) }
}

/** A step after which the contract may be in force: in turn, and refused where it breaks what is exclusive. */
function bringIntoForce(
  deps: DeskDeps,
  actor: Actor,
  asked: StepAsked,
  change: Change,
): Promise<Written<ContractShown>> {
  const { id } = asked
  const checked: Change = (contract, at) => {
    const after = change(contract, at)
    if (after.status === contract.status) return after
    // What a draft rested on may have changed since it was asked for.
    refuseAll('unprocessable', [
      ...seatProblems(after, at.snapshot),
      ...forbiddenSince(after, at.snapshot),
    ])
    refuseUnpublishable(deps, { before: contract, after, snapshot: at.snapshot })
    refuseConflicts(deps, actor, { id, contract: after, snapshot: at.snapshot })
    return after
  }
  return deps.turns.take(isExclusive(deps, id), () => changeContract(deps, actor, asked, checked))
}

function isExclusive(deps: DeskDeps, id: string): boolean {
  const record = snapshotOf(deps).kind('contract').get(id)?.value as ContractRecord | undefined
  return record?.exclusive !== undefined
}

function sideOf(actor: Actor, contract: ContractRecord, asked: Side | undefined): Side {
  const own = contract.seller === actor.partner ? 'seller' : 'buyer'
  const side = isExchange(actor) ? asked : own
  if (side === undefined) throw refuse('invalid', 'side', 'is required: seller or buyer')
  if (asked !== undefined && asked !== side)
    throw refuse('forbidden', 'side', `you are the ${side} of this contract`)
  return side
}

function partyOf(actor: Actor, contract: ContractRecord): Party {
  if (isExchange(actor)) return 'operator'
  return contract.seller === actor.partner ? 'seller' : 'buyer'
}

/** Who has it paused beside the caller; refuses where the caller has not. */
function pausedByOthers(actor: Actor, contract: ContractRecord): Party[] {
  if (isExchange(actor)) return []
  const own = partyOf(actor, contract)
  const pausedBy = contract.pausedBy ?? ['operator']
  if (!pausedBy.includes(own))
    throw refuse('forbidden', '', `it is paused by the ${pausedBy.join(' and the ')}, not by you`)
  return pausedBy.filter((party) => party !== own)
}

/** From an offer to a signature, roles in data protection are always named (docs/decisions/0012). */
function refuseWithoutRoles(contract: ContractRecord): void {
  if (contract.offer === undefined) return
  refuseAll(
    'unprocessable',
    missingRoles(contract.dataProtection).map((field) => ({
      field: `dataProtection.${field}`,
      reason: 'is required: whoever signs says who is what in data protection',
    })),
  )
}

function mustBeOperator(actor: Actor, verb: string): void {
  if (!actor.operator)
    throw refuse('forbidden', '', `a partner key may pause its contracts, not ${verb} them`)
}

function refuseUnless(contract: ContractRecord, statuses: readonly ContractStatus[]): void {
  if (!statuses.includes(contract.status))
    throw refuse('conflict', 'status', `the contract is ${contract.status}`)
}
