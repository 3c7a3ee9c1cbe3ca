import { Type } from '../../audience/schema.ts'
import { ContractBody } from '../../exchange/contract.ts'
import { SignBody } from '../../exchange/desk/contract-life.ts'
import type { ContractShown } from '../../exchange/desk/contracts.ts'
import type { Actor, WriteOptions, Written } from '../../exchange/desk/desk.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute, NamedSchema } from '../api/route.ts'
import { type AuditedRooms, audited } from './audited.ts'
import { contractHistoryRoutes } from './contract-history.ts'
import { type RevocationRooms, revocationRoutes } from './contract-revocation.ts'
import { ifMatchOf, type ObjectResource, objectRoutes, replyWritten } from './object-routes.ts'
import { shownAs } from './shapes.ts'

/** A contract as every operation on one shows it. */
export const ContractShape = shownAs('ContractShown', ContractBody, {
  id: Type.String(),
  version: Type.Integer({ description: 'Of the terms: one more whenever they change.' }),
  signed: closed({
    seller: Type.Optional(Type.String()),
    buyer: Type.Optional(Type.String()),
  }),
  createdAt: Type.String(),
  termsAt: Type.String({ description: 'When these terms were written.' }),
  activeSince: Type.Optional(
    Type.String({ description: 'When it was first active under these terms.' }),
  ),
  pausedBy: Type.Optional(
    Type.Array(Type.Enum(['seller', 'buyer', 'operator']), {
      description: 'It goes on when none of them has it paused any more.',
    }),
  ),
  overSince: Type.Optional(Type.String({ description: 'When it was revoked or ended.' })),
  keptVersions: Type.Array(Type.Integer(), { description: 'Earlier versions that are kept.' }),
  capsOvershootMs: Type.Optional(
    Type.Integer({
      description: 'What is delivered so long after a cap was reached may still go beyond it.',
    }),
  ),
  dataProtectionMissing: Type.Array(Type.String(), {
    description: 'What the record of processing asks for and dataProtection does not say.',
  }),
})

const Nothing: NamedSchema = { name: 'Nothing', schema: closed({}) }

/** `/api/contracts`, and what moves a contract on. */
export function contractRoutes(rooms: RevocationRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  const resource: ObjectResource = {
    kind: 'contract',
    plural: 'contracts',
    name: 'Contract',
    body: ContractBody,
    shown: ContractShape,
    put: desk.putContract,
    get: desk.getContract,
    list: desk.listContracts,
  }
  const step = (one: Pick<Step, 'word' | 'summary' | 'change'>) =>
    stepRoute(rooms, { ...one, resource, body: Nothing })
  return [
    ...objectRoutes(rooms, resource),
    stepRoute(rooms, {
      word: 'sign',
      summary: 'Signs for one side; signed by both, the contract is active.',
      body: { name: 'Signature', schema: SignBody },
      change: desk.signContract,
      resource,
    }),
    step({
      word: 'decline',
      summary: 'Says no to a draft; either side may.',
      change: desk.declineContract,
    }),
    step({
      word: 'pause',
      summary: 'Stops a contract for now; either side may, each for itself.',
      change: desk.pauseContract,
    }),
    step({
      word: 'resume',
      summary: 'Takes back one’s own pause; operators of the exchange take back everybody’s.',
      change: desk.resumeContract,
    }),
    step({
      word: 'end',
      summary: 'Ends a contract before its date; operators only.',
      change: desk.endContract,
    }),
    ...revocationRoutes(rooms, { resource, shown: ContractShape }),
    ...contractHistoryRoutes(rooms, ContractShape),
  ]
}

interface Step {
  word: string
  summary: string
  body: NamedSchema
  resource: ObjectResource
  change(
    actor: Actor,
    given: { id: string; body?: unknown } & WriteOptions,
  ): Promise<Written<ContractShown>>
}

function stepRoute(rooms: AuditedRooms, { word, summary, body, resource, change }: Step): ApiRoute {
  const verb = `${word}Contract`
  return {
    method: 'POST',
    path: `/api/contracts/{id}/${word}`,
    operationId: verb,
    summary,
    permission: 'side',
    isVersioned: true,
    body: { kind: 'json', isOptional: true, ...body },
    answers: { 200: { says: 'The contract as it is now.', body: ContractShape } },
    async handle(call) {
      const id = call.params['id']!
      const given = { id, body: call.body, ifMatch: ifMatchOf(call, resource) }
      const write = () => change(call.caller.actor, given)
      return replyWritten(await audited(rooms, call, { verb, kind: 'contract', id, write }))
    },
  }
}
