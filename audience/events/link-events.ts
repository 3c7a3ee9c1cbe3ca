import type { Audience } from '../audience.ts'
import { dayOf } from '../clock.ts'
import { idForm } from '../namespace.ts'
import type { EdgeRequest, EndRequest } from '../people/link.ts'
import { expiryDayOf } from '../people/memberships.ts'
import type { IdRef } from '../store/store.ts'
import type { CollectedEvent } from './collected-event.ts'
import { EVENT_LIMITS } from './limits.ts'

/** AdCOM, ID Match Methods: the person signed in there. */
const AUTHENTICATED = 3

/** Makes matches of events that name two ids of one person; one that was made today is not made again. */
export class LinkEvents {
  readonly #audience: Pick<Audience, 'link' | 'userKeys'>
  /** Pairs of which a match was made, or refused, by the day it was seen last. */
  readonly #made = new Map<string, number>()

  constructor(audience: Pick<Audience, 'link' | 'userKeys'>) {
    this.#audience = audience
  }

  /** How many were refused: see people/reasons.ts. */
  async link(events: readonly CollectedEvent[]): Promise<number> {
    const requests: EdgeRequest[] = []
    for (const event of events) {
      const request = event.sameAs && this.#requestOf(event, event.sameAs)
      if (request) requests.push(request)
    }
    if (requests.length === 0) return 0
    const outcomes = await this.#audience.link(requests)
    for (const { a, b, lastSeenDay } of requests) this.#remember(pairOf(a, b), lastSeenDay)
    return outcomes.filter(({ ok }) => !ok).length
  }

  refOf({ namespace, value }: EndRequest): IdRef {
    const form = idForm(namespace, value)
    const keys = this.#audience.userKeys()
    if (!keys) throw new Error('the store has not been reached yet')
    return { key: keys.of(namespace, form), namespace, value: form }
  }

  #requestOf({ about, owner, atMs }: CollectedEvent, sameAs: EndRequest): EdgeRequest | undefined {
    const day = dayOf(atMs)
    if ((this.#made.get(pairOf(about, sameAs)) ?? -1) >= day) return undefined
    const expiryDay = expiryDayOf(atMs, EVENT_LIMITS.edgeDays)
    return {
      ...{ a: about, b: sameAs, owner, method: AUTHENTICATED },
      ...{ firstSeenDay: day, lastSeenDay: day, expiryDay },
    }
  }

  #remember(pair: string, day: number): void {
    if (this.#made.size >= EVENT_LIMITS.linksRememberedMax) this.#made.clear()
    this.#made.set(pair, day)
  }
}

function pairOf(a: EndRequest, b: EndRequest): string {
  return `${a.namespace} ${b.namespace} ${a.value} ${b.value}`
}
