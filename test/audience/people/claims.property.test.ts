import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayOf } from '../../../audience/clock.ts'
import { EMAIL_HASH } from '../../../audience/namespace.ts'
import {
  type ClaimRequest,
  claimAll,
  parkedIds,
  settleAround,
} from '../../../audience/people/claims.ts'
import { knownOf, suppressPeople } from '../../../audience/people/known.ts'
import { type EndRequest, type LinkDeps, refOf } from '../../../audience/people/link.ts'
import type { NamespaceRules } from '../../../audience/people/namespace-rules.ts'
import { MemoryPeople, WoundClock } from '../../support/memory-store.ts'
import { keys, singles } from './world.ts'

// Who is one person is a function of what is said and holds, whatever came first, twice, or was taken back.

const VISITOR = 11
const CUSTOMER = 12
const OWNER = 5
const HOUR_MS = 3_600_000

/** "A visitor signed in as a customer", "a customer gave an address": few of each, so that they meet. */
interface Said {
  a: EndRequest
  b: EndRequest
  /** Hours before now; no two the same. */
  hoursAgo: number
  days: number
}

const visitor = fc.nat(6).map((n) => ({ namespace: VISITOR, value: `v${n}` }))
const customer = fc.nat(7).map((n) => ({ namespace: CUSTOMER, value: `u${n}` }))
const address = fc
  .nat(2)
  .map((n) => ({ namespace: EMAIL_HASH.number, value: String(n).repeat(64) }))
const pair = fc.oneof(
  { arbitrary: fc.tuple(visitor, customer), weight: 3 },
  fc.tuple(customer, address),
  fc.tuple(visitor, address),
  fc.tuple(visitor, visitor),
)
const said: fc.Arbitrary<Said> = fc
  .tuple(pair, fc.nat(400), fc.integer({ min: 20, max: 60 }))
  .map(([[a, b], hoursAgo, days]) => ({ a, b, hoursAgo, days }))
  .filter(({ a, b }) => a.value !== b.value)
const story = fc.uniqueArray(said, { selector: ({ hoursAgo }) => hoursAgo, maxLength: 25 })

/** Claims over a store in memory, as audience.ts puts them together. */
function openWorld() {
  const clock = new WoundClock()
  const store = new MemoryPeople(clock)
  const rules: NamespaceRules = {
    ...singles(CUSTOMER),
    priority: (namespace) => PRIORITIES[namespace] ?? 0,
  }
  const deps: LinkDeps = { store, clock, keys, rules }
  return {
    clock,
    claim: (requests: ClaimRequest[]) => claimAll(deps, requests),
    async settle() {
      for await (const ids of parkedIds(store)) await settleAround(deps, ids)
    },
    known: (id: EndRequest) => knownOf(deps, [id]),
    async unlink(a: EndRequest, b: EndRequest) {
      await store.unlink([{ a: refOf(deps, a), b: refOf(deps, b) }])
      await settleAround(deps, [refOf(deps, a), refOf(deps, b)])
    },
    async suppress(id: EndRequest) {
      const { known, left } = await suppressPeople(deps, [id], { kind: 'erased' })
      await settleAround(deps, left)
      return known
    },
  }
}
type World = ReturnType<typeof openWorld>

const PRIORITIES: Record<number, number> = {
  [CUSTOMER]: 100,
  [EMAIL_HASH.number]: 80,
  [VISITOR]: 30,
}

async function say({ claim, clock }: World, batches: readonly (readonly Said[])[]) {
  for (const batch of batches)
    await claim(
      batch.map(({ a, b, hoursAgo, days }): ClaimRequest => {
        const atMs = clock.now() - hoursAgo * HOUR_MS
        const day = dayOf(atMs)
        const seen = { firstSeenDay: day, lastSeenDay: day, expiryDay: day + days }
        return { a, b, owner: OWNER, method: 3, atMs, ...seen }
      }),
    )
}

/** Whom each id is one person with. */
async function people({ known: knownAt }: World, story: readonly Said[]): Promise<string[]> {
  const ids = new Map(story.flatMap(({ a, b }) => [a, b]).map((id) => [id.value, id]))
  const found: string[] = []
  for (const id of ids.values()) {
    const known = await knownAt(id)
    const names = known.ids.map(({ namespace, value }) => `${namespace}:${value}`).sort()
    found.push(`${id.value} ${names.join(' ')}`)
  }
  return found.sort()
}

async function inWorlds(count: number, work: (worlds: World[]) => Promise<void>): Promise<void> {
  await work(Array.from({ length: count }, openWorld))
}

/** The same in another order, some of it twice, in batches of other sizes. */
function retold(
  story: readonly Said[],
  order: readonly number[],
  sizes: readonly number[],
): Said[][] {
  const all = [...story, ...story.filter((_, i) => order[i]! % 3 === 0)]
  const shuffled = all
    .map((one, i) => [order[i % order.length]! * 31 + i * (order[0]! % 7), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one)
  const batches: Said[][] = []
  for (let from = 0, i = 0; from < shuffled.length; i++) {
    const size = sizes[i % sizes.length]!
    batches.push(shuffled.slice(from, from + size))
    from += size
  }
  return batches
}

const order = fc.array(fc.nat(1000), { minLength: 50, maxLength: 50 })
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
const runs = { numRuns: 120 }

test('any order of the same claims, repeated or not, makes the same people', async () => {
  await fc.assert(
    fc.asyncProperty(story, order, sizes, (story, order, sizes) =>
      inWorlds(2, async ([one, other]) => {
        await say(one!, [story])
        await say(other!, retold(story, order, sizes))
        expect(await people(other!, story)).toEqual(await people(one!, story))
      }),
    ),
    runs,
  )
}, 60_000)

test('no person has two customers, and a visitor is its latest customer’s', async () => {
  await fc.assert(
    fc.asyncProperty(story, (story) =>
      inWorlds(1, async ([world]) => {
        await say(
          world!,
          story.map((one) => [one]),
        )
        for (const line of await people(world!, story))
          expect(line.match(new RegExp(`${CUSTOMER}:`, 'g'))?.length ?? 0).toBeLessThan(2)
      }),
    ),
    runs,
  )
}, 60_000)

test('what is taken back leaves people as if it had never been said', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.nat(), (story, which) =>
      inWorlds(2, async ([one, other]) => {
        fc.pre(story.length > 0)
        const { a, b } = story[which % story.length]!
        const isGone = (said: Said) =>
          [said.a.value, said.b.value].every((value) => [a.value, b.value].includes(value))
        await say(
          one!,
          story.map((said) => [said]),
        )
        await one!.unlink(a, b)
        await say(other!, [story.filter((said) => !isGone(said))])
        expect(await people(one!, story)).toEqual(await people(other!, story))
      }),
    ),
    runs,
  )
}, 60_000)

test('what has ended leaves people as if it had never been said', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.nat(60), (story, days) =>
      inWorlds(2, async ([one, other]) => {
        await say(
          one!,
          story.map((said) => [said]),
        )
        one!.clock.wind(days * 24 * HOUR_MS)
        await one!.settle()
        other!.clock.wind(days * 24 * HOUR_MS)
        const later = story.map((said) => ({ ...said, hoursAgo: said.hoursAgo + days * 24 }))
        await say(other!, [later])
        expect(await people(one!, story)).toEqual(await people(other!, story))
      }),
    ),
    runs,
  )
}, 60_000)

test('who is erased leaves the others as if it had never been there', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.nat(), (story, which) =>
      inWorlds(2, async ([one, other]) => {
        fc.pre(story.length > 0)
        await say(
          one!,
          story.map((said) => [said]),
        )
        const known = await one!.suppress(story[which % story.length]!.a)
        const gone = new Set(known.ids.map(({ namespace, value }) => `${namespace}:${value}`))
        const kept = survivors(story, gone)
        await say(other!, [kept])
        expect(await people(one!, kept)).toEqual(await people(other!, kept))
      }),
    ),
    runs,
  )
}, 60_000)

function survivors(story: readonly Said[], gone: ReadonlySet<string>): Said[] {
  const isGone = ({ namespace, value }: EndRequest) =>
    gone.has(`${namespace}:${keys.form(namespace, value)}`)
  return story.filter(({ a, b }) => !isGone(a) && !isGone(b))
}
