import type { Audience } from '../audience.ts'
import { dayOf } from '../clock.ts'
import type { ClaimRequest } from '../people/claims.ts'
import type { EndRequest } from '../people/link.ts'
import { expiryDayOf } from '../people/memberships.ts'
import type { ParkReason } from '../people/reasons.ts'
import { nameOf } from '../people/shared-reads.ts'
import type { IdRef, UserKey } from '../store/store.ts'
import type { CollectedEvent } from './collected-event.ts'
import { EVENT_LIMITS } from './limits.ts'

/** AdCOM, ID Match Methods: the person signed in there. */
const AUTHENTICATED = 3

/** What became of the matches that events ask for. */
export interface LinkedEvents {
  /** Not kept: see people/reasons.ts. */
  refused: number
  /** Claims that join nobody any more, or yet, by why. */
  parked: Map<ParkReason, number>
}

/**
 * Claims that ids which events name together are one person. A claim that was made today is not made again until somebody
 * else claims one of its ids: then it is first brought up to the last time it was said, since the later claim holds.
 */
export class LinkEvents {
  readonly #audience: Pick<Audience, 'claim' | 'userKeys'>
  readonly #made = new Map<string, Made>()
  /** Names of claims made, by the ids they name. */
  readonly #byEnd = new Map<string, Set<string>>()

  constructor(audience: Pick<Audience, 'claim' | 'userKeys'>) {
    this.#audience = audience
  }

  async link(events: readonly CollectedEvent[]): Promise<LinkedEvents> {
    const requests = new Map<string, ClaimRequest>()
    for (const event of events)
      for (const other of [...(event.sameAs ? [event.sameAs] : []), ...(event.contacts ?? [])])
        this.#note(requestOf(event, other), requests)
    const linked: LinkedEvents = { refused: 0, parked: new Map() }
    for (const own of byOwner([...requests.values()])) {
      const { outcomes, parked } = await this.#audience.claim(own)
      for (const [i, outcome] of outcomes.entries()) {
        this.#remember(own[i]!, outcome.ok && outcome.isContested)
        if (!outcome.ok) linked.refused++
      }
      for (const [why, count] of parked)
        linked.parked.set(why, (linked.parked.get(why) ?? 0) + count)
    }
    return linked
  }

  /** Somebody took matches of an id back: what is said of it again is made again. */
  forget(key: UserKey): void {
    for (const name of [...(this.#byEnd.get(nameOf(key)) ?? [])]) {
      const { a, b } = this.#made.get(name)!.last
      this.#made.delete(name)
      for (const end of [a, b]) this.#forgetAt(this.#endName(end), name)
    }
  }

  #forgetAt(end: string, name: string): void {
    const names = this.#byEnd.get(end)
    names?.delete(name)
    if (names?.size === 0) this.#byEnd.delete(end)
  }

  refOf({ namespace, value }: EndRequest): IdRef {
    const keys = this.#audience.userKeys()
    if (!keys) throw new Error('the store has not been reached yet')
    return keys.ref(namespace, value)
  }

  /** Adds to `requests` what is to be written, if anything. */
  #note(request: ClaimRequest, requests: Map<string, ClaimRequest>): void {
    const name = this.#nameOf(request)
    const asked = requests.get(name)
    if (asked) {
      requests.set(name, together(asked, request))
      return
    }
    const made = this.#made.get(name)
    const isSaid = made && request.firstSeenDay >= made.firstDay && request.lastSeenDay <= made.day
    if (isSaid && !made.isContested) {
      made.last = together(made.last, request)
      return
    }
    requests.set(name, request)
    for (const [sibling, known] of this.#siblings(request))
      if (known.last.atMs > known.writtenMs && !requests.has(sibling))
        requests.set(sibling, known.last)
  }

  /** Claims made that name one of its ids. */
  *#siblings({ a, b, owner }: ClaimRequest): Iterable<[string, Made]> {
    for (const end of [a, b])
      for (const name of this.#byEnd.get(this.#endName(end)) ?? []) {
        const known = this.#made.get(name)
        if (known?.last.owner === owner) yield [name, known]
      }
  }

  #remember(request: ClaimRequest, isContested: boolean): void {
    if (this.#made.size >= EVENT_LIMITS.linksRememberedMax) {
      this.#made.clear()
      this.#byEnd.clear()
    }
    const name = this.#nameOf(request)
    const { a, b, atMs, firstSeenDay, lastSeenDay } = request
    const before = this.#made.get(name)
    const firstDay = Math.min(before?.firstDay ?? firstSeenDay, firstSeenDay)
    const day = Math.max(before?.day ?? lastSeenDay, lastSeenDay)
    this.#made.set(name, { last: request, writtenMs: atMs, firstDay, day, isContested })
    for (const end of [a, b]) {
      const at = this.#endName(end)
      this.#byEnd.set(at, (this.#byEnd.get(at) ?? new Set()).add(name))
    }
    if (isContested) for (const [, known] of this.#siblings(request)) known.isContested = true
  }

  #nameOf({ a, b, owner }: ClaimRequest): string {
    return [this.#endName(a), this.#endName(b)].sort().join('') + owner
  }

  #endName(end: EndRequest): string {
    return nameOf(this.refOf(end).key)
  }
}

/** A claim as it was written last, and as it was said since. */
interface Made {
  last: ClaimRequest
  writtenMs: number
  /** Days on which it is known to have been said. */
  firstDay: number
  day: number
  /** Claims of the same people are parked: each time it is said again may decide. */
  isContested: boolean
}

function requestOf({ about, owner, atMs }: CollectedEvent, other: EndRequest): ClaimRequest {
  const day = dayOf(atMs)
  const expiryDay = expiryDayOf(atMs, EVENT_LIMITS.edgeDays)
  return {
    ...{ a: about, b: other, owner, method: AUTHENTICATED, atMs },
    ...{ firstSeenDay: day, lastSeenDay: day, expiryDay },
  }
}

function together(one: ClaimRequest, other: ClaimRequest): ClaimRequest {
  return {
    ...one,
    atMs: Math.max(one.atMs, other.atMs),
    firstSeenDay: Math.min(one.firstSeenDay, other.firstSeenDay),
    lastSeenDay: Math.max(one.lastSeenDay, other.lastSeenDay),
    expiryDay: Math.max(one.expiryDay, other.expiryDay),
  }
}

function byOwner(requests: readonly ClaimRequest[]): ClaimRequest[][] {
  const owners = [...new Set(requests.map(({ owner }) => owner))]
  return owners.map((owner) => requests.filter((request) => request.owner === owner))
}
