import { expect, test } from 'vitest'
import { dayOf, systemClock } from '../../../audience/clock.ts'
import type { Edge, PeopleStore } from '../../../audience/store/store.ts'
import { seeded } from '../../support/random.ts'
import { add, edge, edgesIn, idOf, membershipsIn } from './records.ts'
import type { OpenForTest } from './store-conformance.ts'

const FAR = 60_000
const SEED = 4_711
const NAMES = ['a', 'bb', 'c', 'dd', 'e', 'ff', 'g']

export function matchesConformance(open: OpenForTest): void {
  test('a match is seen from both ends, each naming the other', async () => {
    const { people } = (await open()).store
    await people.link([edge('a', 'long-one', { owner: 7, method: 3 })])
    const [a, b] = await people.recall([idOf('a').key, idOf('long-one').key])
    const kept = { owner: 7, method: 3, firstSeenDay: 20_000, lastSeenDay: 20_001, expiryDay: FAR }
    expect(edgesIn(a)).toMatchObject([{ ...kept, namespace: 8, value: 'long-one' }])
    expect(edgesIn(b)).toMatchObject([{ ...kept, namespace: 1, value: 'a' }])
    expect(Buffer.from(edgesIn(a)[0]!.key)).toEqual(idOf('long-one').key)
    expect(membershipsIn(a)).toEqual({})
  })

  test('a match is made over what was read of its ends, and over what is there where that is out of date', async () => {
    const { people } = (await open()).store
    const keys = ['a', 'b', 'c'].map((name) => idOf(name).key)
    const nothing = new Uint8Array(0)
    expect(await people.link([edge('a', 'b')], () => nothing)).toEqual([])
    expect(await people.link([edge('a', 'c')], () => nothing)).toEqual([])
    const found = await people.recall(keys)
    expect(found.map((record) => edgesIn(record).length)).toEqual([2, 1, 1])
    const read = new Map(keys.map((key, i) => [key.toString('hex'), found[i]!.edges]))
    await people.link([edge('b', 'c')], (key) => read.get(key.toString('hex')))
    await people.suppress([{ key: keys[0]!, kind: 'opt_out' }])
    const late = await people.link([edge('a', 'd')], (key) => read.get(key.toString('hex')))
    expect(late).toEqual([0])
    const [a, b, c, d] = await people.recall([...keys, idOf('d').key])
    expect([b, c].map((record) => edgesIn(record).length)).toEqual([1, 1])
    expect(d).toBeUndefined()
    expect(a).toBeDefined()
  })

  test('values of any length and script come back as they were', async () => {
    const { people } = (await open()).store
    const values = ['x'.repeat(512), 'é✓𝄞'.repeat(50), ' ', '"\\']
    for (const value of values) {
      const b = { ...idOf('far'), value }
      await people.link([{ ...edge('near', 'far'), b }])
      const [near] = await people.recall([idOf('near').key])
      expect(edgesIn(near).map((one) => one.value)).toEqual([value])
      await people.unlink([{ ...edge('near', 'far'), b }])
    }
  })

  test('unlinking restores both sides exactly, whichever end is named first', async () => {
    const { people } = (await open()).store
    await people.assign([add(idOf('a').key, [[1, FAR]])])
    await people.link([edge('a', 'c')])
    const keys = ['a', 'b', 'c'].map((name) => idOf(name).key)
    const before = await people.recall(keys)
    await people.link([edge('a', 'b')])
    await people.unlink([edge('b', 'a')])
    expect(await people.recall(keys)).toEqual(before)
  })

  test('unlinking what is not linked is no error and changes nothing', async () => {
    const { people } = (await open()).store
    await people.link([edge('a', 'b')])
    await people.unlink([edge('a', 'c'), edge('x', 'y')])
    const found = await people.recall(['a', 'b', 'c', 'x'].map((name) => idOf(name).key))
    expect(found.map((record) => edgesIn(record).length)).toEqual([1, 1, 0, 0])
  })

  test('the same match again is one match, seen later', async () => {
    const { people } = (await open()).store
    await people.link([edge('a', 'b', { lastSeenDay: 20_001, expiryDay: FAR })])
    await people.link([edge('a', 'b', { lastSeenDay: 20_009, expiryDay: FAR + 9 })])
    const [a] = await people.recall([idOf('a').key])
    expect(edgesIn(a)).toMatchObject([{ lastSeenDay: 20_009, expiryDay: FAR + 9 }])
    expect(edgesIn(a)).toHaveLength(1)
  })

  test('matches of two owners between the same ids are two', async () => {
    const { people } = (await open()).store
    await people.link([edge('a', 'b', { owner: 0 }), edge('a', 'b', { owner: 5 })])
    const [a, b] = await people.recall([idOf('a').key, idOf('b').key])
    expect(
      edgesIn(a)
        .map((one) => one.owner)
        .toSorted(),
    ).toEqual([0, 5])
    expect(
      edgesIn(b)
        .map((one) => one.owner)
        .toSorted(),
    ).toEqual([0, 5])
  })

  test('an expired match is dropped when its end is next written', async () => {
    const { people } = (await open()).store
    const today = dayOf(systemClock.now())
    await people.link([edge('a', 'b', { expiryDay: today })])
    await people.link([edge('a', 'c')])
    const [a] = await people.recall([idOf('a').key])
    expect(edgesIn(a).map((one) => one.value)).toEqual(['c'])
  })

  test('claims are kept as they were settled, and one owner’s matches go alone', async () => {
    const { people } = (await open()).store
    const day = dayOf(systemClock.now())
    const claim = { atMs: day * 86_400_000 + 5, untilDay: FAR, parked: 0 }
    const parked = { ...claim, atMs: 7, parked: 2 }
    await people.link([
      edge('a', 'b', { owner: 1, expiryDay: FAR, claim }),
      edge('a', 'b', { owner: 2, expiryDay: 0, claim: parked }),
    ])
    for (const name of ['a', 'b']) {
      const [record] = await people.recall([idOf(name).key])
      expect(edgesIn(record).map((one) => [one.owner, one.expiryDay, one.claim])).toEqual([
        [1, FAR, claim],
        [2, 0, parked],
      ])
    }
    await people.unlink([{ a: idOf('b'), b: idOf('a'), onlyOf: 1 }])
    for (const name of ['a', 'b']) {
      const [record] = await people.recall([idOf(name).key])
      expect(edgesIn(record).map(({ owner }) => owner)).toEqual([2])
    }
  })

  test(`random links and unlinks end as a plain list says (seed ${SEED})`, async () => {
    const { people } = (await open()).store
    const random = seeded(SEED)
    const model = new Map<string, Edge>()
    for (let step = 0; step < 120; step++) {
      const [a, b] = twoOf(NAMES, random)
      if (random() < 0.6) {
        const one = edge(a, b, { owner: random.int(3), expiryDay: FAR + random.int(50) })
        await people.link([one])
        model.set(`${pairOf(a, b)} ${one.owner}`, one)
      } else {
        await people.unlink([edge(a, b)])
        for (const owner of [0, 1, 2]) model.delete(`${pairOf(a, b)} ${owner}`)
      }
      if (step % 10 === 9) await expectAsModel(people, model)
    }
  })
}

async function expectAsModel(people: PeopleStore, model: Map<string, Edge>): Promise<void> {
  const found = await people.recall(NAMES.map((name) => idOf(name).key))
  NAMES.forEach((name, i) => {
    const held = edgesIn(found[i]).map((one) => `${one.value} ${one.owner} ${one.expiryDay}`)
    const ends = [...model.values()].flatMap(({ a, b, owner, expiryDay }) =>
      a.value === name || b.value === name
        ? [`${a.value === name ? b.value : a.value} ${owner} ${expiryDay}`]
        : [],
    )
    expect(held.toSorted(), `seed ${SEED}`).toEqual(ends.toSorted())
    if (ends.length === 0) expect(found[i]).toBeUndefined()
  })
}

function twoOf(names: readonly string[], random: ReturnType<typeof seeded>): [string, string] {
  const a = random.pick(names)
  const b = random.pick(names.filter((name) => name !== a))
  return [a, b]
}

function pairOf(a: string, b: string): string {
  return [a, b].toSorted().join(' ')
}
