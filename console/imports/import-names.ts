import { alpha2Of } from '../../audience/countries.ts'
import {
  ContactFaults,
  contactId,
  contactNamespace,
  isContactName,
} from '../../audience/identity/contact-id.ts'
import {
  BROWSER,
  NAMESPACE_KIND,
  type Namespace,
  OWN_NAMESPACES,
} from '../../audience/namespace.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { Actor } from '../../exchange/desk/desk.ts'
import type { PartnerRecord, SyncConfig } from '../../exchange/partner.ts'
import { macrosOf } from '../../exchange/sync/syncers.ts'
import { LIMITS } from '../limits.ts'

/** The names that lines of an import use, as its caller may use them, in the catalog as it is now. */
export class ImportNames {
  readonly #actor: Actor
  readonly #current: () => CatalogSnapshot | undefined
  #snapshot: CatalogSnapshot | undefined
  readonly #namespaces = new Map<string, Namespace | undefined>()
  readonly #segments = new Map<string, Segment | undefined>()
  readonly #macros = new Map<string, readonly string[]>()

  constructor(actor: Actor, current: () => CatalogSnapshot | undefined) {
    this.#actor = actor
    this.#current = current
  }

  /** Whether the caller is the namespace's owner, or an operator of the exchange. */
  isOwn({ owner }: { owner: string }): boolean {
    const { partner, operator } = this.#actor
    return partner === undefined ? operator : owner === partner
  }

  /** Numbers of all namespaces that are the caller's. */
  ownNumbers(): ReadonlySet<number> {
    const kept = [...(this.#current()?.kind(NAMESPACE_KIND).values() ?? [])]
    const all = [...OWN_NAMESPACES.values(), ...kept.map(({ value }) => value as Namespace)]
    return new Set(all.filter((one) => this.isOwn(one)).map(({ number }) => number))
  }

  /** Undefined where there is no such namespace. */
  namespace(name: string): Namespace | undefined {
    this.#follow()
    if (!this.#namespaces.has(name)) this.#namespaces.set(name, this.#findNamespace(name))
    return this.#namespaces.get(name)
  }

  /**
   * The value of an id that a line gives under a name: of an address or number (`email`, `phone`) its hash, others as they
   * are. A sentence where it is none.
   */
  value(name: string, uid: string): { value: string } | { fault: string } {
    if (!isContactName(name)) return { value: uid }
    const id = contactId(name, uid, this.#country())
    return id ? { value: id.value } : { fault: ContactFaults[name] }
  }

  /** Undefined where there is no such segment, or it is not the caller's. */
  segment(id: string): Segment | undefined {
    this.#follow()
    if (!this.#segments.has(id)) this.#segments.set(id, this.#findSegment(id))
    return this.#segments.get(id)
  }

  /** Its partner's ids are shared by many people on purpose (`sync.sharedIds`). */
  isShared({ name, kind }: Namespace): boolean {
    if (kind !== 'partner') return false
    this.#follow()
    return this.#syncOf(name)?.sharedIds === true
  }

  /** What partners leave in the ids of a namespace where they should have put one: the macros of its partner. */
  macros({ name, kind }: Namespace): readonly string[] {
    if (kind !== 'partner') return NO_MACROS
    this.#follow()
    let macros = this.#macros.get(name)
    if (macros === undefined) this.#macros.set(name, (macros = macrosOf(this.#syncOf(name))))
    return macros
  }

  /** A partner's numbers are its own country's where they do not say. */
  #country(): string | undefined {
    const { partner } = this.#actor
    if (partner === undefined) return undefined
    const record = this.#current()?.kind('partner').get(partner)?.value as PartnerRecord | undefined
    return record && alpha2Of(record.region)
  }

  #syncOf(partner: string): SyncConfig | undefined {
    const record = this.#snapshot?.kind('partner').get(partner)?.value as PartnerRecord | undefined
    return record?.sync
  }

  #findNamespace(name: string): Namespace | undefined {
    const own = contactNamespace(name) ?? OWN_NAMESPACES.get(name)
    if (own !== undefined) return own === BROWSER ? undefined : own
    return this.#snapshot?.kind(NAMESPACE_KIND).get(name)?.value as Namespace | undefined
  }

  #findSegment(id: string): Segment | undefined {
    const segment = this.#snapshot?.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
    return segment && this.isOwn(segment) ? segment : undefined
  }

  /** What was found belongs to one snapshot. */
  #follow(): void {
    const snapshot = this.#current()
    const isFull =
      this.#namespaces.size >= LIMITS.importNamesMax || this.#segments.size >= LIMITS.importNamesMax
    if (snapshot === this.#snapshot && !isFull) return
    this.#snapshot = snapshot
    this.#namespaces.clear()
    this.#segments.clear()
    this.#macros.clear()
  }
}

const NO_MACROS: readonly string[] = []
