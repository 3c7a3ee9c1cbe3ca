import { alpha2Of } from '../../audience/countries.ts'
import { type CompiledPlan, planFor } from '../../audience/events/compiled-plan.ts'
import type { MessageSource } from '../../audience/events/read-message.ts'
import { SOURCE_KIND, type Source, shelfOf } from '../../audience/events/source.ts'
import { TRACKING_PLAN_KIND } from '../../audience/events/tracking-plan.ts'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import type { CatalogSnapshot, KindRecords } from '../../audience/store/catalog-snapshot.ts'
import type { Vault } from '../../audience/vault/vault.ts'
import { hashKey, SOURCE_KEY_KIND, type SourceKeyRecord } from '../key.ts'
import { LIMITS } from '../limits.ts'
import { whyNoPii } from '../may-keep-pii.ts'
import type { PartnerRecord } from '../partner.ts'
import { sourceProvenance } from '../provenance/provenance-of.ts'

/** A source as the collector knows it. */
export interface CollectSource extends MessageSource {
  /** Partner id of its owner. */
  ownerId: string
  ownerGvlId: number | undefined
  gdprDefault: 0 | 1
  /** What its messages should hold; undefined: nobody has said. */
  plan: CompiledPlan | undefined
  /** People visit it: a page or an app. */
  isVisited: boolean
  /** Under which name what is seen of it, or put aside, is kept. */
  shelf: string
  /** Collects under a contract: see Collector.mayCollect. */
  isLicensed: boolean
}

/** The sources of active partners, by their write keys. Immutable: of one catalog. */
export class SourceRing {
  readonly #byHash = new Map<string, CollectSource>()
  readonly #snapshot: CatalogSnapshot
  readonly #vault: Vault
  readonly #verified = new Map<string, CollectSource>()

  constructor(snapshot: CatalogSnapshot, vault: Vault) {
    this.#snapshot = snapshot
    this.#vault = vault
    const sources = new Map<string, CollectSource | undefined>()
    for (const { value } of snapshot.kind(SOURCE_KEY_KIND).values()) {
      const { source: id, hash } = value as SourceKeyRecord
      if (!sources.has(id)) sources.set(id, compiled(id, { snapshot, vault }))
      const source = sources.get(id)
      if (source) this.#byHash.set(hash, source)
    }
  }

  /** By its id, for files and what was taken in before; undefined where there is none, or its owner is paused. */
  byId(id: string): CollectSource | undefined {
    return compiled(id, { snapshot: this.#snapshot, vault: this.#vault })
  }

  /** Undefined where the key is unknown or revoked, or its owner paused: one answer for all. */
  find(writeKey: string): CollectSource | undefined {
    const known = this.#verified.get(writeKey)
    if (known || writeKey === '' || writeKey.length > LIMITS.keyCharsMax) return known
    // Found by its hash: nothing about the keys there are can be learnt from timing.
    const found = this.#byHash.get(hashKey(writeKey).toString('base64url'))
    if (found && this.#verified.size < LIMITS.verifiedKeysMax) this.#verified.set(writeKey, found)
    return found
  }
}

const KINDS = [SOURCE_KIND, SOURCE_KEY_KIND, TRACKING_PLAN_KIND, NAMESPACE_KIND, 'partner'] as const

/** The ring of the catalog as it is, made anew only where something in it changed. */
export class SourceRings {
  readonly #current: () => CatalogSnapshot | undefined
  readonly #vault: Vault
  #kinds: readonly KindRecords[] = []
  #snapshot: CatalogSnapshot | undefined
  #ring: SourceRing | undefined

  constructor(current: () => CatalogSnapshot | undefined, vault: Vault) {
    this.#current = current
    this.#vault = vault
  }

  /** Undefined while there is no catalog. */
  now(): SourceRing | undefined {
    const snapshot = this.#current()
    if (snapshot === undefined) return undefined
    if (snapshot === this.#snapshot) return this.#ring
    this.#snapshot = snapshot
    const kinds = KINDS.map((kind) => snapshot.kind(kind))
    if (this.#ring && kinds.every((records, i) => records === this.#kinds[i])) return this.#ring
    this.#kinds = kinds
    this.#ring = new SourceRing(snapshot, this.#vault)
    return this.#ring
  }
}

function compiled(
  id: string,
  { snapshot, vault }: { snapshot: CatalogSnapshot; vault: Vault },
): CollectSource | undefined {
  const source = snapshot.kind(SOURCE_KIND).get(id)?.value as Source | undefined
  const owner = source && (snapshot.kind('partner').get(source.owner)?.value as PartnerRecord)
  if (!source || owner?.status !== 'active') return undefined
  const numberOf = (name: string | undefined) =>
    name === undefined
      ? undefined
      : (snapshot.kind(NAMESPACE_KIND).get(name)?.value as Namespace | undefined)?.number
  return {
    id,
    owner: owner.number,
    ownerId: source.owner,
    ownerGvlId: owner.gvlId,
    anonymousId: numberOf(source.namespaces.anonymousId),
    userId: numberOf(source.namespaces.userId),
    country: alpha2Of(owner.region),
    vault: whyNoPii(vault, owner) === undefined ? (source.vault ?? []) : [],
    switches: new Map(Object.entries(source.properties ?? {})),
    provenance: sourceProvenance(source),
    isLicensed: source.contract !== undefined,
    isVisited: source.kind === 'web' || source.kind === 'app',
    gdprDefault: source.gdprDefault === 1 ? 1 : 0,
    shelf: shelfOf({ id, owner: owner.number }),
    plan: planFor(snapshot, { id, owner: source.owner }),
  }
}
