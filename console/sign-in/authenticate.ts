import { createHash, timingSafeEqual } from 'node:crypto'
import type { ExchangeCatalog } from '../../exchange/exchange-catalog.ts'
import { type Caller, OPERATOR } from './caller.ts'

export interface AuthenticateOptions {
  adminToken: string
  /** The catalog that partner keys are looked up in; undefined while there is none. */
  catalog: () => Pick<ExchangeCatalog, 'findKey'> | undefined
}

/** Who is behind an Authorization header; undefined for anybody unknown, whatever the fault. */
export type Authenticate = (authorization: string) => Caller | undefined

/** Scopes that let a partner key in; one that only bids has no business here. */
const SCOPES = ['data', 'desk'] as const

/** Accepts the operator's token, and keys of active partners with a scope for the control plane. */
export function authenticator({ adminToken, catalog }: AuthenticateOptions): Authenticate {
  const adminHash = sha256(adminToken)
  return (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    if (token === undefined) return undefined
    if (timingSafeEqual(sha256(token), adminHash)) return OPERATOR
    return partnerOf(token, catalog())
  }
}

function partnerOf(token: string, catalog: ReturnType<AuthenticateOptions['catalog']>) {
  const holder = catalog?.findKey(token)
  if (!holder || !SCOPES.some((scope) => holder.scopes.has(scope))) return undefined
  const { partner, keyId, scopes } = holder
  return {
    actor: { operator: false, partner: partner.id },
    name: `partner ${partner.id} key ${keyId}`,
    scopes,
    partnerNumber: partner.number,
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
