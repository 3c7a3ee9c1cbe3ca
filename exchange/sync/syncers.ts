import type { CompiledPartner } from '../compile-partners.ts'
import type { ExchangeCatalog } from '../exchange-catalog.ts'
import type { SyncConfig } from '../partner.ts'
import { SYNC_LIMITS } from './limits.ts'
import { SyncTemplate, type SyncType } from './sync-template.ts'

/** How one partner's ids are synced: its settings with every default, and its addresses ready to fill. */
export interface Syncer {
  readonly partner: CompiledPartner
  /** Partners of one key share one id per browser. */
  readonly key: string
  readonly isEnabled: boolean
  readonly redirect: SyncTemplate | undefined
  readonly iframe: SyncTemplate | undefined
  readonly ttlDays: number
  readonly value: number
  readonly skipsGdpr: boolean
  readonly skipsSids: readonly number[]
  /** Partner ids. */
  readonly route: readonly string[]
  readonly redirectHosts: ReadonlySet<string>
  readonly admitsUnsigned: boolean
  readonly browsersMax: number
  readonly idVersion: number
}

/** Every partner with sync settings in one catalog. */
export class Syncers {
  readonly all: readonly Syncer[]
  readonly #byName = new Map<string, Syncer>()
  readonly #byKey = new Map<string, Syncer[]>()
  readonly #byNumber = new Map<number, Syncer>()

  constructor(catalog: ExchangeCatalog, edgeUrl: string) {
    const all: Syncer[] = []
    for (const partner of catalog.partners())
      if (partner.sync) all.push(compiled(partner, partner.sync, edgeUrl))
    this.all = all
    for (const syncer of all) {
      this.#byNumber.set(syncer.partner.number, syncer)
      this.#byName.set(syncer.partner.id, syncer)
      const same = this.#byKey.get(syncer.key)
      if (same) same.push(syncer)
      else this.#byKey.set(syncer.key, [syncer])
    }
    for (const [key, [first]] of this.#byKey)
      if (!this.#byName.has(key)) this.#byName.set(key, first!)
  }

  /** By partner id or syncer key, in any letter case. */
  find(name: string): Syncer | undefined {
    return this.#byName.get(name) ?? this.#byName.get(name.toLowerCase())
  }

  byNumber(number: number): Syncer | undefined {
    return this.#byNumber.get(number)
  }

  /** Those that share a syncer key, and with it the browser's id. */
  sharing(key: string): readonly Syncer[] {
    return this.#byKey.get(key) ?? []
  }
}

/** Catalogs share the partners that did not change, and so do syncers made for one address. */
const made = new WeakMap<CompiledPartner, { edgeUrl: string; syncer: Syncer }>()

function compiled(partner: CompiledPartner, sync: SyncConfig, edgeUrl: string): Syncer {
  const known = made.get(partner)
  if (known?.edgeUrl === edgeUrl) return known.syncer
  const key = sync.syncerKey ?? partner.id
  const template = (type: SyncType) => {
    const given = sync[type]
    const userMacro = given?.userMacro ?? ''
    const options = { type, edgeUrl, partner: partner.id, key, userMacro }
    return given && new SyncTemplate(given.url, options)
  }
  const syncer: Syncer = {
    partner,
    key,
    isEnabled: partner.active && sync.enabled !== false,
    redirect: template('redirect'),
    iframe: template('iframe'),
    ttlDays: sync.ttlDays ?? SYNC_LIMITS.ttlDaysDefault,
    value: sync.value ?? 1,
    skipsGdpr: sync.skipWhen?.gdpr ?? false,
    skipsSids: sync.skipWhen?.gppSid ?? [],
    route: sync.route ?? [],
    redirectHosts: new Set(sync.allowedRedirectHosts),
    admitsUnsigned: sync.unsignedMatch ?? false,
    browsersMax: sync.sharedIds ? Number.POSITIVE_INFINITY : SYNC_LIMITS.browsersPerIdMax,
    idVersion: sync.idVersion ?? 1,
  }
  made.set(partner, { edgeUrl, syncer })
  return syncer
}

/** The macros a partner may leave in its id: those of its addresses. */
export function macrosOf(sync: SyncConfig | undefined): string[] {
  return [sync?.redirect?.userMacro, sync?.iframe?.userMacro].filter((macro) => macro !== undefined)
}
