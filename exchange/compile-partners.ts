import type { CatalogRecord } from '../audience/store/store.ts'
import type { Provider } from './buyer-view.ts'
import {
  gdprDefaultOf,
  ID_ORDER,
  type IdSource,
  type PartnerRecord,
  type SyncConfig,
  type WireSettings,
} from './partner.ts'
import type { SyncSettings } from './sync/sync-settings.ts'

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
  /** How its ids are synced; absent: not at all. */
  readonly sync: SyncConfig | undefined
  /** How its pages sync, where it says so itself. */
  readonly syncSettings: SyncSettings | undefined
  readonly wires: WireSettings
}

export interface Partners {
  readonly byId: ReadonlyMap<string, CompiledPartner>
  readonly byNumber: ReadonlyMap<number, CompiledPartner>
}

/** Roles whose holders are vendors of their own: each one's consent is asked. */
const VENDOR_ROLES: ReadonlySet<string> = new Set(['dmp', 'data_provider', 'ssp'])

/** One object for all that say nothing: what is made for one of them is good for the others. */
const NO_WIRES: WireSettings = {}

/** The last made of each record, taken again while it would come out the same. */
const made = new WeakMap<CatalogRecord, CompiledPartner>()

export function compilePartners(records: Records): Partners {
  const byId = new Map<string, CompiledPartner>()
  const byNumber = new Map<number, CompiledPartner>()
  for (const record of records.values()) {
    const partner = compilePartner(record, records)
    byId.set(partner.id, partner)
    byNumber.set(partner.number, partner)
  }
  return { byId, byNumber }
}

function compilePartner(record: CatalogRecord, all: Records): CompiledPartner {
  const value = record.value as PartnerRecord
  const home = value.exchange ? all.get(value.exchange) : undefined
  const exchange = home ? (home.value as PartnerRecord).number : 0
  const known = made.get(record)
  if (known?.exchange === exchange) return known
  const partner: CompiledPartner = {
    id: record.id,
    number: value.number,
    name: value.name,
    domain: value.domain,
    gvlId: value.gvlId,
    asksConsent: value.roles.some((role) => VENDOR_ROLES.has(role)),
    active: value.status === 'active',
    gdprDefault: gdprDefaultOf(value),
    namespace: value.namespace,
    exchange,
    idOrder: value.settings?.idOrder ?? ID_ORDER,
    sync: value.sync,
    syncSettings: value.settings?.cookieSync,
    wires: value.settings?.wires ?? NO_WIRES,
  }
  made.set(record, partner)
  return partner
}
