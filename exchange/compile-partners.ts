import type { CatalogRecord } from '../audience/store/store.ts'
import type { Provider } from './buyer-view.ts'
import { gdprDefaultOf, ID_ORDER, type IdSource, type PartnerRecord } from './partner.ts'

type Records = ReadonlyMap<string, CatalogRecord>

/** A partner, with all that a request asks of it. */
export interface CompiledPartner extends Provider {
  readonly name: string
  readonly active: boolean
  /** Whether a request without a GDPR signal is under the GDPR. */
  readonly gdprDefault: 0 | 1
  /** Number of the namespace its own ids live in. */
  readonly namespace: number
  /** Number of the exchange its requests come from by default; 0 where none is set. */
  readonly exchange: number
  readonly idOrder: readonly IdSource[]
}

export interface Partners {
  readonly byId: ReadonlyMap<string, CompiledPartner>
  readonly byNumber: ReadonlyMap<number, CompiledPartner>
}

/** Roles whose holders are vendors of their own: each one's consent is asked (API.md, "Consent"). */
const VENDOR_ROLES: ReadonlySet<string> = new Set(['dmp', 'data_provider', 'ssp'])

export function compilePartners(records: Records): Partners {
  const byId = new Map<string, CompiledPartner>()
  const byNumber = new Map<number, CompiledPartner>()
  for (const [id, { value }] of records) {
    const partner = compilePartner(id, value as PartnerRecord, records)
    byId.set(id, partner)
    byNumber.set(partner.number, partner)
  }
  return { byId, byNumber }
}

function compilePartner(id: string, record: PartnerRecord, all: Records): CompiledPartner {
  const exchange = record.exchange ? all.get(record.exchange) : undefined
  return {
    id,
    number: record.number,
    name: record.name,
    domain: record.domain,
    gvlId: record.gvlId,
    asksConsent: record.roles.some((role) => VENDOR_ROLES.has(role)),
    active: record.status === 'active',
    gdprDefault: gdprDefaultOf(record),
    namespace: record.namespace,
    exchange: exchange ? (exchange.value as PartnerRecord).number : 0,
    idOrder: record.settings?.idOrder ?? ID_ORDER,
  }
}
