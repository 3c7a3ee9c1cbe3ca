import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { ContractRecord, ContractStatus, Side } from '../contract.ts'
import { closed } from '../fields.ts'
import { type ContractShown, showContract } from './contracts.ts'
import type { WriteOptions, Written } from './desk.ts'
import { type Actor, type DeskDeps, isExchange, notFound, sees } from './desk.ts'
import { withStatus } from './revise-contract.ts'
import { checkedBody, writeRecord } from './write-record.ts'

/** Body of `POST /api/contracts/{id}/sign`; a tenant signs as the side it is. */
export const SignBody = closed({
  /** Which side an operator of the exchange signs for. */
  side: Type.Optional(Type.Enum(['seller', 'buyer'])),
  /** The version of the terms that was read: another one is not signed (`conflict`). */
  version: Type.Optional(Type.Integer({ minimum: 1 })),
})
export type SignBody = Static<typeof SignBody>

const checkSign = checker(SignBody)
const checkEmpty = checker(closed({}))

/** Signs for one side; with both signatures the contract is active. Signing twice changes nothing. */
export function signContract(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body?: unknown } & WriteOptions,
): Promise<Written<ContractShown>> {
  const given = checkedBody<SignBody>(body ?? {}, checkSign, [])
  return changeContract(deps, actor, { id, ifMatch }, (contract) => {
    if (given.version !== undefined && given.version !== contract.version)
      throw refuse('conflict', 'version', `the terms are at version ${contract.version} now`)
    const side = sideOf(actor, contract, given.side)
    if (contract.signed[side]) return contract
    refuseUnless(contract, ['draft', 'signed'])
    const nowText = new Date(deps.clock.now()).toISOString()
    const signed = { ...contract.signed, [side]: nowText }
    const status = signed.seller && signed.buyer ? 'active' : contract.status
    return withStatus({ ...contract, signed }, status, nowText)
  })
}

/** Stops a contract for now; either side may. An operator of the exchange starts it again by PUT. */
export function pauseContract(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body?: unknown } & WriteOptions,
): Promise<Written<ContractShown>> {
  checkedBody(body ?? {}, checkEmpty, [])
  return changeContract(deps, actor, { id, ifMatch }, (contract) => {
    refuseUnless(contract, ['active', 'signed', 'paused'])
    return { ...contract, status: 'paused' }
  })
}

/** Ends a contract at once: what it allowed is gone from every process within a second. */
export function revokeContract(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body?: unknown } & WriteOptions,
): Promise<Written<ContractShown>> {
  checkedBody(body ?? {}, checkEmpty, [])
  return changeContract(deps, actor, { id, ifMatch }, (contract) => {
    if (!actor.operator)
      throw refuse('forbidden', '', 'a partner key may pause its contracts, not revoke them')
    refuseUnless(contract, ['draft', 'signed', 'active', 'paused', 'revoked'])
    return { ...contract, status: 'revoked' }
  })
}

async function changeContract(
  deps: DeskDeps,
  actor: Actor,
  { id, ifMatch }: { id: string } & WriteOptions,
  change: (contract: ContractRecord) => ContractRecord,
): Promise<Written<ContractShown>> {
  const written = await writeRecord<ContractRecord>(
    deps,
    { kind: 'contract', id },
    {
      ifMatch,
      decide: (existing) => {
        const contract = existing?.value as ContractRecord | undefined
        if (!contract || !sees(actor, contract.seller, contract.buyer)) throw notFound()
        return { value: change(contract) }
      },
    },
  )
  return { ...written, value: showContract(id, written.value!) }
}

function sideOf(actor: Actor, contract: ContractRecord, asked: Side | undefined): Side {
  const own = contract.seller === actor.partner ? 'seller' : 'buyer'
  const side = isExchange(actor) ? asked : own
  if (side === undefined) throw refuse('invalid', 'side', 'is required: seller or buyer')
  if (asked !== undefined && asked !== side)
    throw refuse('forbidden', 'side', `you are the ${side} of this contract`)
  return side
}

function refuseUnless(contract: ContractRecord, statuses: readonly ContractStatus[]): void {
  if (!statuses.includes(contract.status))
    throw refuse('conflict', 'status', `the contract is ${contract.status}`)
}
