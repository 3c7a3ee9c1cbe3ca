import type { SuppressionKind } from '../proto/suppression-mark.ts'
import type { Clock } from './clock.ts'
import { deriveKey } from './derive-key.ts'
import { LIMITS } from './limits.ts'
import { NAMESPACE_KIND } from './namespace.ts'
import { Bindings, type BindOutcome, type BindRequest, isolate } from './people/bind.ts'
import type { Candidates } from './people/candidates.ts'
import {
  type Claimed,
  type ClaimRequest,
  claimAll,
  neighboursOf,
  parkedIds,
  settleAround,
  type Unmerging,
  unmerge,
} from './people/claims.ts'
import { type ChangeFollower, type FollowCounts, followChanges } from './people/follow-changes.ts'
import { ANY, type Enters, type Known, knownOf, suppressPeople } from './people/known.ts'
import {
  type EdgeRequest,
  type EndRequest,
  isId,
  type LinkOutcome,
  Links,
  refOf,
} from './people/link.ts'
import { type Matches, matchesOf } from './people/matches-of.ts'
import {
  assignMemberships,
  type MembershipFault,
  type MembershipLine,
} from './people/memberships.ts'
import { type NamespaceRules, namespaceRules } from './people/namespace-rules.ts'
import { NearCache } from './people/near-cache.ts'
import { type PastId, pastIdsOf } from './people/past-ids.ts'
import type { PersonView } from './people/person-view.ts'
import { readSecret, type SecretReader } from './people/read-secret.ts'
import { Recall, type RecallWord } from './people/recall.ts'
import { UserKeys } from './people/user-key.ts'
import { refuse } from './refusal.ts'
import type { Soon } from './soon.ts'
import { type CatalogFeed, type CatalogFeedOptions, openCatalogFeed } from './store/catalog-feed.ts'
import type { KindRecords } from './store/catalog-snapshot.ts'
import type { EgressEntry, IdRef, Store, StoreFinding } from './store/store.ts'
import { Vault, type VaultOptions } from './vault/vault.ts'

export interface AudienceOptions {
  /** Open already; closed by whoever opened it, after the audience. */
  store: Store
  clock: Clock
  log: Log
  /** People kept in this process's near-cache. Default LIMITS.nearCacheMax. */
  nearCacheMax?: number
  /** Where the catalog's last snapshot is kept. */
  snapshotFile?: string
  /** Whether this process writes that file (one of several does). */
  writeSnapshot?: boolean
  /** A record of the catalog as this process holds it; undefined: not at all. Default: whole. */
  keepRecord?: CatalogFeedOptions['keep']
  /** The vault's keys and where it is; absent: it is closed. */
  vault?: Pick<VaultOptions, 'keys' | 'region'>
  /** How often the change log is read. Default LIMITS.changePollMs. */
  changePollMs?: number
}

/** What the room says of itself: a pino logger fits. */
export interface Log {
  info(message: string): void
  warn(details: object, message: string): void
}

/** Everything that is known of people, for one process. */
export interface Audience {
  readonly store: Store
  /** The catalog of this process. */
  readonly feed: CatalogFeed
  readonly vault: Vault
  /** The root secret is known: ids can be turned into keys. Becomes true by itself, and stays so. */
  ready(): boolean
  /** Undefined until `ready()`. With `identify` (people/identify.ts) it makes candidates of a request. */
  userKeys(): UserKeys | undefined
  /** A key for one purpose, derived from the root secret (HKDF-SHA-256 under `label`); undefined until `ready()`. */
  deriveKey(label: string, bytes: number): Buffer | undefined
  /** See people/recall.ts. */
  recall(candidates: Candidates, today: number, view: PersonView): Soon<RecallWord>
  /** Ids of these namespaces can be told by name from now on: see PersonView.names. */
  keepNames(namespaces: ReadonlySet<number>): void
  /** Decides on matches and keeps the accepted ones: see people/link.ts. */
  link(edges: readonly EdgeRequest[]): Promise<LinkOutcome[]>
  unlink(pairs: readonly { a: EndRequest; b: EndRequest }[]): Promise<void>
  /** Keeps matches, all of one owner, that give way to stronger ones: see people/settle-claims.ts. */
  claim(requests: readonly ClaimRequest[]): Promise<Claimed>
  /** Takes matches of an id back, parked ones too, as if they had never been; how many there were. */
  unmerge(what: Unmerging): Promise<number>
  /** Settles all parked claims, since what they gave way to may have ended; `isOver` says when to stop. How many changed. */
  settle(isOver: () => boolean): Promise<number>
  /** Binds a browser to a partner's id: see people/bind.ts. */
  bind(request: BindRequest): Promise<BindOutcome>
  /** Takes a browser's values in some namespaces away. */
  unbind(browser: string, namespaces: readonly number[]): Promise<void>
  /** Takes an id away from every browser that has it, or from all whom one owner's matches join it with. */
  isolate(id: EndRequest, owner?: number): Promise<void>
  /** With which namespaces ids are matched now: see people/matches-of.ts. */
  matchesOf(ids: readonly EndRequest[]): Soon<Matches[]>
  /** Removes all that is known of these ids themselves, and their matches from both ends. */
  forget(ids: readonly EndRequest[]): Promise<void>
  /** What the store has of the people behind some ids: see people/known.ts. */
  known(ids: readonly EndRequest[], enters?: Enters): Promise<Known>
  /** Who was given what about the ids of a person, in their order. */
  egressOf(ids: readonly Pick<PastId, 'key'>[]): Promise<EgressEntry[][]>
  /** What some ids were joined with until that was suppressed: see people/past-ids.ts. */
  pastIdsOf(ids: readonly Pick<PastId, 'key'>[], enters?: Enters): Promise<PastId[]>
  /** Names an id where it must not be named, as in the audit log: its key in hexadecimal. */
  hashOf(id: EndRequest): string
  /** Leaves them alone for good; what had been known of them. */
  suppress(
    ids: readonly EndRequest[],
    options: { kind: SuppressionKind; enters?: Enters },
  ): Promise<Known>
  /** Puts people into segments and takes them out: see people/memberships.ts. */
  assign(lines: readonly MembershipLine[]): Promise<MembershipFault[]>
  /** Reads the change log and the catalog now: what was written before the call is seen after it. */
  poke(): Promise<void>
  counts(): AudienceCounts
  findings(): StoreFinding[]
  close(): Promise<void>
}

export type AudienceCounts = ReturnType<Recall['counts']> & { follow: FollowCounts }

/**
 * Opens the room on a store. It never waits for a store that is out of reach: people are strangers to
 * a process whose near-cache is empty, and keys come once the root secret can be read.
 */
export async function openAudience(options: AudienceOptions): Promise<Audience> {
  const room = new Room(options)
  await room.open()
  return room
}

const CLOSED = { keys: undefined, region: undefined }

class Room implements Audience {
  readonly store: Store
  readonly feed: CatalogFeed
  readonly vault: Vault
  readonly #clock: Clock
  readonly #recall: Recall
  readonly #follower: ChangeFollower
  readonly #secret: SecretReader
  readonly #links = new Links()
  readonly #bindings = new Bindings()
  #rootSecret: Buffer | undefined
  #keys: UserKeys | undefined
  /** Of the namespaces of one catalog. */
  #rules: NamespaceRules | undefined
  #rulesOf: KindRecords | undefined

  constructor({ store, clock, log, ...more }: AudienceOptions) {
    this.store = store
    this.vault = new Vault({ store: store.vault, ...(more.vault ?? CLOSED) })
    this.#clock = clock
    const max = more.nearCacheMax ?? LIMITS.nearCacheMax
    this.#recall = new Recall(store.people, new NearCache({ clock, max }))
    this.feed = openCatalogFeed({
      store: store.catalog,
      clock,
      keep: more.keepRecord,
      ...snapshotOf(more),
    })
    this.#follower = followChanges({
      store: store.people,
      clock,
      onChange: ({ key }) => this.#recall.forget(key),
      onGap: () => this.#recall.forgetAll(),
      ...(more.changePollMs === undefined ? {} : { pollMs: more.changePollMs }),
    })
    this.#secret = readSecret(store, log, (secret) => {
      this.#rootSecret = secret
      this.#keys = new UserKeys(secret)
    })
  }

  /** Waits for the store's first answers or refusals, but never for a store that says nothing. */
  async open(): Promise<void> {
    const answers = Promise.all([this.#secret.tried, this.feed.poke(), this.#follower.poke()])
    let timer: NodeJS.Timeout | undefined
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LIMITS.openWaitMs)
    })
    await Promise.race([answers, enough])
    clearTimeout(timer)
  }

  ready(): boolean {
    return this.#keys !== undefined
  }

  userKeys(): UserKeys | undefined {
    return this.#keys
  }

  deriveKey(label: string, bytes: number): Buffer | undefined {
    return this.#rootSecret && deriveKey(this.#rootSecret, label, bytes)
  }

  recall(candidates: Candidates, today: number, view: PersonView): Soon<RecallWord> {
    return this.#recall.recall(candidates, today, view)
  }

  keepNames(namespaces: ReadonlySet<number>): void {
    this.#recall.name(namespaces)
  }

  async link(edges: readonly EdgeRequest[]): Promise<LinkOutcome[]> {
    return this.#links.link(this.#deps(), edges)
  }

  async unlink(pairs: readonly { a: EndRequest; b: EndRequest }[]): Promise<void> {
    const deps = this.#deps()
    await this.#links.unlink(deps, pairs)
    const ends = pairs.flatMap(({ a, b }) => [a, b]).filter(isId)
    await this.#settleAround(ends.map((end) => refOf(deps, end)))
  }

  async claim(requests: readonly ClaimRequest[]): Promise<Claimed> {
    return this.#links.inTurn(() => claimAll(this.#deps(), requests))
  }

  async unmerge(what: Unmerging): Promise<number> {
    return this.#links.inTurn(() => unmerge(this.#deps(), what))
  }

  async settle(isOver: () => boolean): Promise<number> {
    let changed = 0
    for await (const ids of parkedIds(this.store.people)) {
      if (isOver()) break
      changed += await this.#settleAround(ids)
    }
    return changed
  }

  async bind(request: BindRequest): Promise<BindOutcome> {
    return this.#bindings.bind(this.#deps(), request)
  }

  async unbind(browser: string, namespaces: readonly number[]): Promise<void> {
    return this.#bindings.unbind(this.#deps(), browser, namespaces)
  }

  async isolate(id: EndRequest, owner?: number): Promise<void> {
    const deps = this.#deps()
    const others = isId(id) ? await neighboursOf(deps, [refOf(deps, id)]) : []
    await isolate(deps, id, owner)
    await this.#settleAround(others)
  }

  matchesOf(ids: readonly EndRequest[]): Soon<Matches[]> {
    return matchesOf(this.#deps(), ids)
  }

  async forget(ids: readonly EndRequest[]): Promise<void> {
    const deps = this.#deps()
    const refs = ids.filter(isId).map((id) => refOf(deps, id))
    const others = await neighboursOf(deps, refs)
    await this.store.people.forget(refs.map(({ key }) => key))
    await this.#settleAround(others)
  }

  async known(ids: readonly EndRequest[], enters?: Enters): Promise<Known> {
    return knownOf(this.#deps(), ids, enters)
  }

  async egressOf(ids: readonly Pick<PastId, 'key'>[]): Promise<EgressEntry[][]> {
    return this.store.people.egressOf(ids.map(({ key }) => key))
  }

  async pastIdsOf(ids: readonly Pick<PastId, 'key'>[], enters: Enters = ANY): Promise<PastId[]> {
    const starts = ids.map(({ key }) => key)
    return pastIdsOf(this.store.people, starts, enters)
  }

  hashOf(id: EndRequest): string {
    return refOf(this.#deps(), id).key.toString('hex')
  }

  async suppress(
    ids: readonly EndRequest[],
    options: { kind: SuppressionKind; enters?: Enters },
  ): Promise<Known> {
    const deps = this.#deps()
    const going = await suppressPeople(deps, ids, options)
    await this.#settleAround(going.left)
    return going.known
  }

  async assign(lines: readonly MembershipLine[]): Promise<MembershipFault[]> {
    return assignMemberships(this.#deps(), lines)
  }

  async poke(): Promise<void> {
    await Promise.all([this.feed.poke(), this.#follower.poke()])
  }

  counts(): AudienceCounts {
    return { ...this.#recall.counts(), follow: this.#follower.counts() }
  }

  findings(): StoreFinding[] {
    return [...this.store.findings(), ...this.feed.findings(), ...this.vault.findings()]
  }

  async close(): Promise<void> {
    this.#secret.stop()
    await Promise.all([this.#follower.close(), this.feed.close()])
  }

  /** What claims had given way to is gone. */
  async #settleAround(ids: readonly IdRef[]): Promise<number> {
    return ids.length > 0 ? this.#links.inTurn(() => settleAround(this.#deps(), ids)) : 0
  }

  #deps() {
    const keys = this.#keys
    if (keys === undefined) throw refuse('conflict', '', 'the store has not been reached yet')
    return { store: this.store.people, clock: this.#clock, keys, rules: this.#namespaceRules() }
  }

  #namespaceRules(): NamespaceRules {
    const kinds = this.feed.current()?.kind(NAMESPACE_KIND)
    if (this.#rules === undefined || this.#rulesOf !== kinds) {
      this.#rulesOf = kinds
      this.#rules = namespaceRules(this.feed.current())
    }
    return this.#rules
  }
}

function snapshotOf(options: { snapshotFile?: string; writeSnapshot?: boolean }) {
  const { snapshotFile, writeSnapshot = false } = options
  return snapshotFile === undefined ? {} : { snapshotFile, writeSnapshot }
}
