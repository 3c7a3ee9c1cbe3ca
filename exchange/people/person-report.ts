import { DAY_MS } from '../../audience/clock.ts'
import {
  EXCHANGE_OWNER,
  NAMESPACE_KIND,
  type Namespace,
  OWN_NAMESPACES,
} from '../../audience/namespace.ts'
import type { Known, KnownEdge, ParkedClaim } from '../../audience/people/known.ts'
import { type ParkReason, parkReason } from '../../audience/people/reasons.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { VaultEntry } from '../../audience/vault/vault-record.ts'
import type { EgressEntry } from '../../proto/egress-blob.ts'
import { kindsOf, type SuppressionKind } from '../../proto/suppression-mark.ts'
import type { ContractRecord } from '../contract.ts'
import { EGRESS_CHANNELS } from '../egress/channels.ts'
import { FORMER_PARTNER_KIND, type FormerPartner, formerName } from '../former-partner.ts'
import { whyDormant } from '../live-contracts.ts'
import type { PartnerRecord } from '../partner.ts'
import { madeOf } from '../provenance/made-of.ts'

/** What is known of a person, as somebody may see it. Days are UTC, `until` the first on which it no longer holds. */
export interface PersonReport {
  /** Ids that are to be left alone, by who said so. */
  suppressed: { kinds: SuppressionKind[]; since: string } | null
  ids: { source: string; uid: string; owner: string }[]
  /** Between ids of `ids`, by their places. */
  edges: ReportedEdge[]
  /** Claims that join nobody now, and why. */
  parked: ReportedClaim[]
  /** What can be read again of the person, by whom it is kept. */
  vault: { owner: string; field: string; since: string }[]
  segments: ReportedSegment[]
  /** Who was given what; segments empty where they are no longer kept. */
  egress: ReportedEgress[]
  /** What there is and is not shown, since it is somebody else's. */
  withheld: { tenants: number; ids: number; edges: number; segments: number; egress: number }
}

export interface ReportedEdge {
  a: number
  b: number
  /** Partner id, or `exchange`. */
  owner: string
  /** AdCOM ID match method. */
  method: number
  firstSeen: string
  lastSeen: string
  until: string
}

export interface ReportedClaim {
  /** Place in `ids` of the id that is claimed to be the same person as the other. */
  at: number
  source: string
  uid: string
  owner: string
  lastSeen: string
  until: string
  why: ParkReason
}

export interface ReportedSegment {
  segment: string
  name: string
  owner: string
  /** The weakest of what it is made of. */
  provenance: string
  /** True where it is made of what is not licensed now: nobody is given it. */
  isDormant: boolean
  until: string
  /** Place in `ids` of the id it is kept at; null where that is not shown. */
  at: number | null
  /** Places in `edges` from the id that was asked for to that one; null where one is not shown. */
  over: number[] | null
  /** Who has a live right to it, and under which contract. */
  entitled: { buyer: string; contract: string; until: string }[]
}

export interface ReportedEgress {
  recipient: string
  channel: string
  first: string
  last: string
  segments: string[]
}

export interface ReportOptions {
  snapshot: CatalogSnapshot
  nowMs: number
  /** Whether what belongs to an owner (a partner's id, or `exchange`) may be seen. */
  sees: (owner: string) => boolean
  /** Who was given what, by the places of ids. */
  egress: readonly (readonly EgressEntry[])[]
  /** What the vault holds, by the places of ids. */
  vault: readonly (readonly VaultEntry[])[]
}

/** Everybody who was given anything, whatever else may be seen: to each of them an erasure is passed on. */
export function recipientsOf(options: Pick<ReportOptions, 'snapshot' | 'egress'>): Recipient[] {
  const numbers = new CatalogNumbers(options.snapshot)
  const byName = new Map<string, Recipient>()
  for (const { recipient: number, channel, firstDay, lastDay } of options.egress.flat()) {
    const recipient = numbers.partner(number)
    const way = channelName(channel)
    const name = `${recipient} ${way}`
    const known = byName.get(name)
    const [first, last] = [dateOf(firstDay), dateOf(lastDay)]
    byName.set(name, {
      ...{ recipient, channel: way },
      first: known && known.first < first ? known.first : first,
      last: known && known.last > last ? known.last : last,
    })
  }
  return [...byName.values()]
}

export type Recipient = Omit<ReportedEgress, 'segments'>

function channelName(channel: number): string {
  return EGRESS_CHANNELS[channel] ?? `#${channel}`
}

/** Puts names to what the store knows, and leaves out what is not to be seen. */
export function reportOf(known: Known, options: ReportOptions): PersonReport {
  return new Reporter(known, options).report()
}

/** A UTC day number as a date. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

class Reporter {
  readonly #known: Known
  readonly #options: ReportOptions
  readonly #names: CatalogNumbers
  /** Places in the report; undefined for what is not shown. */
  readonly #ids: (number | undefined)[] = []
  readonly #edges: (number | undefined)[] = []
  readonly #tenants = new Set<string>()
  readonly #report: PersonReport = {
    suppressed: null,
    ids: [],
    edges: [],
    parked: [],
    vault: [],
    segments: [],
    egress: [],
    withheld: { tenants: 0, ids: 0, edges: 0, segments: 0, egress: 0 },
  }

  constructor(known: Known, options: ReportOptions) {
    this.#known = known
    this.#options = options
    this.#names = new CatalogNumbers(options.snapshot)
  }

  report(): PersonReport {
    const report = this.#report
    for (const id of this.#known.ids) this.#ids.push(this.#addId(id))
    for (const edge of this.#known.edges) this.#edges.push(this.#addEdge(edge))
    for (const claim of this.#known.parked) this.#addParked(claim)
    for (const entry of this.#options.vault.flat()) this.#addSealed(entry)
    for (const at of this.#known.ids.keys()) this.#addSegments(at)
    for (const entry of this.#options.egress.flat()) this.#addEgress(entry)
    report.suppressed = this.#suppressed()
    report.withheld.tenants = this.#tenants.size
    return report
  }

  #addId({ namespace, value }: Known['ids'][number]): number | undefined {
    const found = this.#names.namespace(namespace)
    const { name, owner } = found ?? { name: `#${namespace}`, owner: EXCHANGE_OWNER }
    if (!this.#mayShow('ids', owner)) return undefined
    return this.#report.ids.push({ source: name, uid: value, owner }) - 1
  }

  #addEdge({ a, b, method, ...edge }: KnownEdge): number | undefined {
    const owner = this.#names.partner(edge.owner)
    const [from, to] = [this.#ids[a], this.#ids[b]]
    if (!this.#mayShow('edges', owner)) return undefined
    if (from === undefined || to === undefined) {
      this.#report.withheld.edges++
      return undefined
    }
    const shown = {
      ...{ a: from, b: to, owner, method },
      firstSeen: dateOf(edge.firstSeenDay),
      lastSeen: dateOf(edge.lastSeenDay),
      until: dateOf(edge.expiryDay),
    }
    return this.#report.edges.push(shown) - 1
  }

  #addParked({ at, other, owner: number, lastSeenDay, claim }: ParkedClaim): void {
    const why = parkReason(claim.parked)
    const owner = this.#names.partner(number)
    const namespace = this.#names.namespace(other.namespace)
    const place = this.#ids[at]
    if (why === undefined || !this.#mayShow('edges', owner)) return
    if (place === undefined || !this.#options.sees(namespace?.owner ?? EXCHANGE_OWNER)) {
      this.#report.withheld.edges++
      return
    }
    this.#report.parked.push({
      ...{ at: place, source: namespace?.name ?? `#${other.namespace}`, uid: other.value, owner },
      ...{ lastSeen: dateOf(lastSeenDay), until: dateOf(claim.untilDay), why },
    })
  }

  #addSealed({ owner: number, field, atMs }: VaultEntry): void {
    const owner = this.#names.partner(number)
    if (!this.#options.sees(owner)) {
      this.#tenants.add(owner)
      return
    }
    this.#report.vault.push({ owner, field, since: new Date(atMs).toISOString().slice(0, 10) })
  }

  #addSegments(at: number): void {
    const { snapshot, nowMs } = this.#options
    for (const { segment: number, expiryDay } of this.#known.ids[at]!.memberships) {
      const segment = this.#names.segment(number)
      const owner = segment?.owner ?? EXCHANGE_OWNER
      if (!this.#mayShow('segments', owner)) continue
      this.#report.segments.push({
        segment: segment?.id ?? `#${number}`,
        name: segment?.name ?? '',
        owner,
        ...(segment ? madeOf(snapshot, segment.id, nowMs) : { provenance: '', isDormant: false }),
        until: dateOf(expiryDay),
        at: this.#ids[at] ?? null,
        over: this.#pathTo(at),
        entitled: segment === undefined ? [] : this.#entitled(segment.id),
      })
    }
  }

  /** A recipient sees what it was given, an owner what was given of its own. */
  #addEgress({ recipient: number, channel, firstDay, lastDay, segments }: EgressEntry): void {
    const recipient = this.#names.partner(number)
    const isRecipient = this.#options.sees(recipient)
    const seen = segments
      .map((segment) => this.#names.segment(segment))
      .filter((segment) => isRecipient || this.#options.sees(segment?.owner ?? EXCHANGE_OWNER))
    if (!isRecipient && seen.length === 0) {
      this.#report.withheld.egress++
      this.#tenants.add(recipient)
      return
    }
    this.#report.egress.push({
      ...{ recipient, channel: channelName(channel) },
      ...{ first: dateOf(firstDay), last: dateOf(lastDay) },
      segments: seen.flatMap((segment) => segment?.id ?? []),
    })
  }

  /** The way the walk took, from the id that was asked for. */
  #pathTo(at: number): number[] | null {
    const path: number[] = []
    for (let here = at; this.#known.ids[here]!.via !== undefined; ) {
      const via = this.#known.ids[here]!.via!
      const place = this.#edges[via]
      if (place === undefined) return null
      path.unshift(place)
      const { a, b } = this.#known.edges[via]!
      here = b === here ? a : b
    }
    return path
  }

  #entitled(segment: string): ReportedSegment['entitled'] {
    const { snapshot, nowMs } = this.#options
    return this.#names.contractsOn(segment).flatMap(({ id, value }) => {
      const isLive = whyDormant(snapshot, value, nowMs).length === 0
      return isLive ? [{ buyer: value.buyer, contract: id, until: value.endsAt }] : []
    })
  }

  #suppressed(): PersonReport['suppressed'] {
    const marks = this.#known.ids.flatMap(({ suppression }) => suppression ?? [])
    if (marks.length === 0) return null
    const kinds = [...new Set(marks.flatMap(kindsOf))]
    return { kinds, since: dateOf(Math.min(...marks.map(({ sinceDay }) => sinceDay))) }
  }

  #mayShow(what: 'ids' | 'edges' | 'segments', owner: string): boolean {
    if (this.#options.sees(owner)) return true
    this.#report.withheld[what]++
    if (owner !== EXCHANGE_OWNER) this.#tenants.add(owner)
    return false
  }
}

/** The catalog by number: walked once for each report. */
class CatalogNumbers {
  readonly #snapshot: CatalogSnapshot
  #namespaces: Map<number, Namespace> | undefined
  #segments: Map<number, Segment & { id: string }> | undefined
  #partners: Map<number, string> | undefined

  constructor(snapshot: CatalogSnapshot) {
    this.#snapshot = snapshot
  }

  namespace(number: number): Namespace | undefined {
    this.#namespaces ??= new Map([
      ...[...OWN_NAMESPACES.values()].map((own) => [own.number, own] as const),
      ...this.#values<Namespace>(NAMESPACE_KIND).map(({ value }) => [value.number, value] as const),
    ])
    return this.#namespaces.get(number)
  }

  segment(number: number): (Segment & { id: string }) | undefined {
    this.#segments ??= new Map(
      this.#values<Segment>(SEGMENT_KIND).map(({ id, value }) => [value.number, { ...value, id }]),
    )
    return this.#segments.get(number)
  }

  /** Partner id, or `exchange`; one that was deleted is named as such. */
  partner(number: number): string {
    this.#partners ??= new Map([
      ...this.#values<PartnerRecord>('partner').map(({ id, value }) => [value.number, id] as const),
      ...this.#values<FormerPartner>(FORMER_PARTNER_KIND).map(
        ({ id, value }) => [Number(id), formerName(value)] as const,
      ),
    ])
    return this.#partners.get(number) ?? (number === 0 ? EXCHANGE_OWNER : `#${number}`)
  }

  contractsOn(segment: string): { id: string; value: ContractRecord }[] {
    return this.#values<ContractRecord>('contract').filter(({ value }) =>
      value.segments.includes(segment),
    )
  }

  #values<T>(kind: string): { id: string; value: T }[] {
    const records = [...this.#snapshot.kind(kind).values()]
    return records.map(({ id, value }) => ({ id, value: value as T }))
  }
}
