import type { AskedAudience } from '../../../audience/reach/reach-index.ts'
import type { PeopleStore } from '../../../audience/store/store.ts'
import { unpackEdges } from '../../../proto/edge-blob.ts'
import { unpackEgress } from '../../../proto/egress-blob.ts'
import { unpackProfile } from '../../../proto/profile-blob.ts'

/** One person, as plainly as it can be told. */
interface Person {
  segments: Set<number>
  /** Namespaces of its ids, as matches tell them, with the latest day on which the id's match was seen. */
  namespaces: Map<number, number>
  /** `recipient segment` of what was given of it. */
  given: Set<string>
  /** Recipient → last day on which it was given something in a bid request. */
  seen: Map<number, number>
}

/** Everybody in a store, put together by walking through lists: what reach is held against. */
export class NaiveReach {
  readonly people: Person[]

  private constructor(people: Person[]) {
    this.people = people
  }

  static async read(people: PeopleStore, today: number): Promise<NaiveReach> {
    const groups = new Groups()
    const lastSeen = new Map<string, number>()
    const namespaces = new Map<string, number>()
    for await (const batch of people.walk('edges'))
      for (const { key, bytes } of batch)
        for (const edge of unpackEdges(bytes)) {
          if (edge.expiryDay <= today) continue
          const [a, b] = [hex(key), hex(edge.key)]
          groups.join(a, b)
          namespaces.set(b, edge.namespace)
          for (const one of [a, b])
            lastSeen.set(one, Math.max(lastSeen.get(one) ?? 0, edge.lastSeenDay))
        }
    const persons = new Map<string, Person>()
    const personOf = (id: string): Person => {
      const name = groups.nameOf(id)
      const known = persons.get(name)
      if (known) return known
      const made = {
        segments: new Set<number>(),
        namespaces: new Map(),
        given: new Set<string>(),
        seen: new Map(),
      }
      persons.set(name, made)
      return made
    }
    for (const [id, namespace] of namespaces) {
      const { namespaces: of } = personOf(id)
      of.set(namespace, Math.max(of.get(namespace) ?? 0, lastSeen.get(id)!))
    }
    for await (const batch of people.walk('profile'))
      for (const { key, bytes } of batch)
        for (const { segment, expiryDay } of unpackProfile(bytes))
          if (expiryDay > today) personOf(hex(key)).segments.add(segment)
    for await (const batch of people.walk('egress'))
      for (const { key, bytes } of batch)
        for (const { recipient, channel, segments, lastDay } of unpackEgress(bytes)) {
          const { given, seen } = personOf(hex(key))
          for (const segment of segments) given.add(`${recipient} ${segment}`)
          if (channel === 0) seen.set(recipient, Math.max(seen.get(recipient) ?? 0, lastDay))
        }
    return new NaiveReach([...persons.values()])
  }

  count(asked: AskedAudience, more: (person: Person) => boolean = () => true): number {
    const { any = [], all = [], none = [] } = asked
    return this.people.filter(
      (person) =>
        (any.length > 0 || all.length > 0) &&
        (any.length === 0 || any.some((segment) => person.segments.has(segment))) &&
        all.every((segment) => person.segments.has(segment)) &&
        !none.some((segment) => person.segments.has(segment)) &&
        more(person),
    ).length
  }
}

class Groups {
  readonly #group = new Map<string, string[]>()

  join(a: string, b: string): void {
    const [to, from] = [this.#of(a), this.#of(b)]
    if (to === from) return
    to.push(...from)
    for (const id of from) this.#group.set(id, to)
  }

  nameOf(id: string): string {
    return this.#of(id)[0]!
  }

  #of(id: string): string[] {
    const known = this.#group.get(id)
    if (known) return known
    const made = [id]
    this.#group.set(id, made)
    return made
  }
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex')
}
