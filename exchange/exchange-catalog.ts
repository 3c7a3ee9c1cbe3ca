import type { CatalogSnapshot } from '../audience/store/catalog-snapshot.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import { type BuyerView, SHARINGS, type Sharing } from './buyer-view.ts'
import { type Part, part } from './by-record.ts'
import { CAP_KIND } from './cap.ts'
import { CompiledBuyerView, type ViewAt } from './compile-buyer-view.ts'
import { Caps } from './compile-caps.ts'
import { type Contracts, compileContracts } from './compile-contracts.ts'
import { compileDeals, type Deals } from './compile-deals.ts'
import { type KeyHolder, KeyRing } from './compile-keys.ts'
import { Needs } from './compile-licences.ts'
import { type CompiledPartner, compilePartners, type Partners } from './compile-partners.ts'
import { type CountryClasses, compileRegions } from './compile-regions.ts'
import { type CompiledSegment, compileSegments, type Segments } from './compile-segments.ts'
import { compileToldIds, type ToldIds } from './compile-told-ids.ts'
import { compileResolved, type ResolvedSource } from './eids/eid-resolvers.ts'
import { TOKEN_KEYS_KIND } from './eids/token-keys-record.ts'
import { LIMITS } from './limits.ts'
import { basisRecords } from './provenance/basis-of.ts'
import { MATCH_SECRET_KIND, type MatchSecretRecord } from './sync/match-secret.ts'
import { SETTINGS_KIND, SYNC_SETTINGS_ID, type SyncSettings } from './sync/sync-settings.ts'

/**
 * The exchange's part of one catalog version, compiled. Immutable to its readers; a new version makes
 * a new one, which takes over every part that did not change.
 */
export class ExchangeCatalog {
  readonly version: number
  /** Numbers of the namespaces of kind `eid`, by source domain. */
  readonly eidNamespaces: ReadonlyMap<string, number>
  /** Those of them whose ids are not taken as they are sent. */
  readonly resolvedEids: readonly ResolvedSource[]
  /** Whose ids may be told to whom (use `identity`). */
  readonly told: ToldIds
  /** How pages sync, where their publisher says nothing else. */
  readonly syncSettings: SyncSettings
  /** By partner id. */
  readonly #matchSecrets: ReadonlyMap<string, CatalogRecord>
  readonly #parts: CatalogParts
  /** By buyer, class of countries, and how much may be shared. */
  readonly #views: Map<number, CompiledBuyerView>

  private constructor(
    snapshot: CatalogSnapshot,
    parts: CatalogParts,
    views: Map<number, CompiledBuyerView>,
  ) {
    this.version = snapshot.version
    const settings = snapshot.kind(SETTINGS_KIND).get(SYNC_SETTINGS_ID)?.value
    this.syncSettings = (settings ?? {}) as SyncSettings
    this.#matchSecrets = snapshot.kind(MATCH_SECRET_KIND)
    this.#parts = parts
    this.#views = views
    this.eidNamespaces = parts.eids.value
    this.told = parts.told.value
    this.resolvedEids = parts.resolved.value
  }

  /** Compiles a snapshot; with `previous`, at the cost of what changed since. */
  static compile(snapshot: CatalogSnapshot, previous?: ExchangeCatalog): ExchangeCatalog {
    const parts = compileParts(snapshot, previous ? previous.#parts : undefined)
    const isSame = previous !== undefined && sameViews(previous.#parts, parts)
    return new ExchangeCatalog(snapshot, parts, isSame ? previous.#views : new Map())
  }

  partner(id: string): CompiledPartner | undefined {
    return this.#parts.partners.value.byId.get(id)
  }

  partners(): Iterable<CompiledPartner> {
    return this.#parts.partners.value.byId.values()
  }

  /** Sealed: see sync/match-secret.ts. */
  matchSecret(partner: string): MatchSecretRecord | undefined {
    return this.#matchSecrets.get(partner)?.value as MatchSecretRecord | undefined
  }

  partnerByNumber(number: number): CompiledPartner | undefined {
    return this.#parts.partners.value.byNumber.get(number)
  }

  segment(id: string): CompiledSegment | undefined {
    return this.#parts.segments.value.byId.get(id)
  }

  segmentByNumber(number: number): CompiledSegment | undefined {
    return this.#parts.segments.value.byNumber.get(number)
  }

  /**
   * The holder of a key as presented; undefined where it is unknown or revoked, its partner paused,
   * or `scope` not among its scopes: one answer for all, so that a caller learns nothing more.
   */
  findKey(presented: string, scope?: string): KeyHolder | undefined {
    return this.#parts.keys.value.find(presented, scope)
  }

  /**
   * What a buyer may be given now. `country` is an index of audience/countries.ts. One Map lookup by an
   * integer on a request; a view is made when it is first asked for, and made anew when a date in it has passed.
   */
  viewFor(buyer: number, country: number, nowMs: number, sharing: Sharing): BuyerView {
    const { classOf, covers } = this.#parts.regions.value
    const countryClass = classOf[country] ?? 0
    const key = (buyer * covers.length + countryClass) * SHARINGS.length + SHARINGS.indexOf(sharing)
    const known = this.#views.get(key)
    if (known?.period.holds(nowMs)) return known
    const covered = covers[countryClass]!
    const [confirmed, counted] = [sharing !== 'nothing', sharing === 'all']
    const view = this.#makeView(buyer, { nowMs, confirmed, counted, covered })
    this.#keep(key, view)
    return view
  }

  #makeView(buyer: number, at: ViewAt): CompiledBuyerView {
    const partner = this.partnerByNumber(buyer)
    if (!partner) throw new Error(`no partner has the number ${buyer} in this catalog`)
    const { partners, segments, contracts, caps, deals, needs } = this.#parts
    const parts = {
      partners: partners.value,
      segments: segments.value,
      contracts: contracts.value,
      caps: caps.value,
      deals: deals.value,
      needs: needs.value,
    }
    return new CompiledBuyerView(parts, partner, at)
  }

  /** The view made longest ago leaves where too many are kept. */
  #keep(key: number, view: CompiledBuyerView): void {
    this.#views.delete(key)
    if (this.#views.size >= LIMITS.viewsMax)
      for (const oldest of this.#views.keys()) {
        this.#views.delete(oldest)
        break
      }
    this.#views.set(key, view)
  }
}

/** What views are made of did not change: they are true of the new version too. */
function sameViews(before: CatalogParts, after: CatalogParts): boolean {
  return (['partners', 'segments', 'contracts', 'caps', 'deals', 'needs'] as const).every(
    (name) => before[name] === after[name],
  )
}

interface CatalogParts {
  readonly partners: Part<Partners>
  readonly segments: Part<Segments>
  readonly contracts: Part<Contracts>
  readonly caps: Part<Caps>
  readonly deals: Part<Deals>
  readonly needs: Part<Needs>
  readonly regions: Part<CountryClasses>
  readonly eids: Part<ReadonlyMap<string, number>>
  readonly told: Part<ToldIds>
  readonly resolved: Part<readonly ResolvedSource[]>
  readonly keys: Part<KeyRing>
}

function compileParts(snapshot: CatalogSnapshot, before: CatalogParts | undefined): CatalogParts {
  const records = (kind: string) => snapshot.kind(kind)
  const basis = basisRecords(snapshot)
  const partners = part(before?.partners, [records('partner')], () =>
    compilePartners(records('partner')),
  )
  const contracts = part(before?.contracts, [records('contract')], (known) =>
    compileContracts(records('contract'), known),
  )
  const deals = part(before?.deals, [records('deal')], (known) =>
    compileDeals(records('deal'), known),
  )
  return {
    partners,
    contracts,
    caps: part(before?.caps, [records(CAP_KIND)], () => new Caps(records(CAP_KIND))),
    deals,
    needs: part(before?.needs, Object.values(basis), () => new Needs(basis)),
    segments: part(before?.segments, [records('segment')], (segments) =>
      compileSegments(records('segment'), segments),
    ),
    regions: part(before?.regions, [contracts, deals], (known) => {
      const lists = [...contracts.value.regions.keys(), ...deals.value.regions.keys()]
      return compileRegions(new Set(lists), known)
    }),
    resolved: part(before?.resolved, [records('namespace'), records(TOKEN_KEYS_KIND)], () =>
      compileResolved(records('namespace'), records(TOKEN_KEYS_KIND)),
    ),
    told: part(before?.told, [contracts.value.identity, partners, records('namespace')], () =>
      compileToldIds(contracts.value.identity, partners.value, records('namespace')),
    ),
    eids: part(before?.eids, [records('namespace')], () => compileEids(records('namespace'))),
    keys: part(before?.keys, [records('key'), partners], (keys) =>
      KeyRing.of(records('key'), partners.value, keys),
    ),
  }
}

function compileEids(
  records: ReadonlyMap<string, { value: unknown }>,
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  for (const [name, { value }] of records) {
    const { kind, number } = value as { kind: string; number: number }
    if (kind === 'eid') numbers.set(name, number)
  }
  return numbers
}
