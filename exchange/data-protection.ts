import { type Static, Type } from '../audience/schema.ts'
import { closed, listOf, Name } from './fields.ts'

/** What a party is in the processing: GDPR art. 4(7), 26 and 28. */
export const DP_ROLES = ['controller', 'joint', 'processor'] as const
export type DpRole = (typeof DP_ROLES)[number]

/**
 * Who is what in data protection, on which ground and by which paper. The record of processing, the
 * lists of recipients and of transfers are made from it (console/data-protection).
 */
export const DataProtection = closed({
  seller: Type.Optional(Type.Enum([...DP_ROLES])),
  buyer: Type.Optional(Type.Enum([...DP_ROLES])),
  /** The exchange's own operator. */
  operator: Type.Optional(Type.Enum([...DP_ROLES])),
  /** Such as consent or legitimate_interest (DP_BASES); laws beside the GDPR have words of their own. */
  basis: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  /** Purposes of the TCF that the buyer relies on. */
  tcfPurposes: Type.Optional(listOf(Type.Integer({ minimum: 1, maximum: 24 }), 24)),
  /** The paper both sides signed, and the SHA-256 of it. */
  instrument: Type.Optional(
    closed({
      name: Type.Optional(Name),
      url: Type.Optional(Type.String({ maxLength: 2048 })),
      sha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    }),
  ),
  /** What a transfer to a third country rests on, such as adequacy or scc (DP_TRANSFERS). */
  transfer: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  retentionDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 36_500 })),
  /** Whether the buyer may pass it on. */
  onward: Type.Optional(Type.Boolean()),
})
export type DataProtection = Static<typeof DataProtection>

/** Where neither the offer nor the request says: an exchange that carries, between two that decide. */
export const DP_DEFAULT: DataProtection = {
  seller: 'controller',
  buyer: 'controller',
  operator: 'processor',
  basis: 'consent',
  tcfPurposes: [4],
  onward: false,
}

const ROLES = ['seller', 'buyer', 'operator', 'basis'] as const

/** Who is what, and on which ground: what of it is not said. */
export function missingRoles(given: DataProtection | undefined): string[] {
  return ROLES.filter((field) => given?.[field] === undefined)
}

/** All that the record of processing asks for (GDPR art. 30(1)) and is not said. */
export function missingDataProtection(given: DataProtection | undefined): string[] {
  const rest = ['instrument', 'retentionDays'] as const
  return [...missingRoles(given), ...rest.filter((field) => given?.[field] === undefined)]
}
