import { expect, test } from 'vitest'
import { dayOf, systemClock } from '../../../audience/clock.ts'
import { LIMITS } from '../../../audience/limits.ts'
import { PEOPLE_PARTS, type PeopleStore, type UserKey } from '../../../audience/store/store.ts'
import { unpackEdges } from '../../../proto/edge-blob.ts'
import { unpackProfile } from '../../../proto/profile-blob.ts'
import { seeded } from '../../support/random.ts'
import { add, collect, edge, edgesIn, membershipsIn } from './records.ts'
import type { OpenForTest } from './store-conformance.ts'
import { keyOf } from './torrent.ts'

const FAR = 60_000
const SEED = 20_260_101

export function peopleConformance(open: OpenForTest): void {
  test('recall answers in the order asked, undefined for strangers', async () => {
    const { people } = (await open()).store
    await people.assign([add(keyOf(1), [[10, FAR]]), add(keyOf(2), [[20, FAR]])])
    const asked = [keyOf(2), keyOf(3), keyOf(1), keyOf(2)]
    const found = await people.recall(asked)
    expect(found.map((record) => record && membershipsIn(record))).toEqual([
      { 20: FAR },
      undefined,
      { 10: FAR },
      { 20: FAR },
    ])
    expect(await people.recall([])).toEqual([])
  })

  test('what is read for a write is what recall gives', async () => {
    const { people } = (await open()).store
    await people.assign([add(keyOf('a'), [[10, FAR]])])
    await people.link([edge('a', 'b')])
    const asked = [keyOf('b'), keyOf('c'), keyOf('a'), keyOf('b')]
    expect(await people.recallForWrite(asked)).toEqual(await people.recall(asked))
    expect(await people.recallForWrite([])).toEqual([])
    const many = Array.from({ length: LIMITS.recallKeysMax + 1 }, (_, n) => keyOf(n))
    await expect(async () => people.recallForWrite(many)).rejects.toThrow(RangeError)
  })

  test(`recall takes ${LIMITS.recallKeysMax} keys at once`, async () => {
    const { people } = (await open()).store
    const keys = Array.from({ length: LIMITS.recallKeysMax }, (_, n) => keyOf(n))
    await people.assign(keys.map((key, n) => add(key, [[n + 1, FAR]])))
    const found = await people.recall(keys)
    expect(found.map(membershipsIn)).toEqual(keys.map((_, n) => ({ [n + 1]: FAR })))
  })

  test('what recall gave stays as it was, whatever is read or written after', async () => {
    const { people } = (await open()).store
    await people.assign([
      add(keyOf(1), [[1, FAR]]),
      add(keyOf(2), [
        [2, FAR],
        [3, FAR],
      ]),
    ])
    const [first] = await people.recall([keyOf(1)])
    await people.recall([keyOf(2)])
    await people.assign([add(keyOf(1), [[9, FAR]])])
    await people.recall([keyOf(1)])
    expect(membershipsIn(first)).toEqual({ 1: FAR })
  })

  test('a later assignment adds, removes, and sets another expiry', async () => {
    const { people } = (await open()).store
    const key = keyOf('a')
    await people.assign([
      add(key, [
        [1, FAR],
        [2, FAR],
        [300_000, FAR],
      ]),
    ])
    await people.assign([
      add(
        key,
        [
          [2, FAR + 9],
          [4, FAR],
        ],
        [1, 77],
      ),
    ])
    expect(await membershipsOf(people, key)).toEqual({ 2: FAR + 9, 4: FAR, 300000: FAR })
  })

  test('assignments of one batch to one key are applied in their order', async () => {
    const { people } = (await open()).store
    const key = keyOf('a')
    await people.assign([
      add(key, [[1, FAR]]),
      add(key, [[2, FAR]], [1]),
      add(key, [[3, FAR]], [2]),
    ])
    expect(await membershipsOf(people, key)).toEqual({ 3: FAR })
  })

  test('a person whose last membership is removed is a stranger again', async () => {
    const { people } = (await open()).store
    await people.assign([add(keyOf(1), [[1, FAR]])])
    await people.assign([add(keyOf(1), [], [1])])
    expect(await people.recall([keyOf(1)])).toEqual([undefined])
  })

  test('removing from a stranger leaves a stranger', async () => {
    const { people } = (await open()).store
    await people.assign([add(keyOf(1), [], [1, 2])])
    expect(await people.recall([keyOf(1)])).toEqual([undefined])
  })

  test('an expired membership is dropped when the profile is next written', async () => {
    const { people } = (await open()).store
    const today = dayOf(systemClock.now())
    await people.assign([
      add(keyOf(1), [
        [1, today],
        [2, today - 400],
        [3, today + 2],
      ]),
    ])
    await people.assign([add(keyOf(1), [[4, FAR]])])
    expect(await membershipsOf(people, keyOf(1))).toEqual({ 3: today + 2, 4: FAR })
  })

  test('a batch given twice leaves the same state', async () => {
    const { people } = (await open()).store
    const batch = [
      add(
        keyOf(1),
        [
          [1, FAR],
          [2, FAR],
        ],
        [3],
      ),
      add(keyOf(2), [[5, FAR]]),
    ]
    await people.assign(batch)
    const once = await people.recall([keyOf(1), keyOf(2)])
    await people.assign(batch)
    expect(await people.recall([keyOf(1), keyOf(2)])).toEqual(once)
  })

  test(`random assignments end as a plain map says (seed ${SEED})`, async () => {
    const { people } = (await open()).store
    const random = seeded(SEED)
    const model = new Map<number, Map<number, number>>()
    for (let round = 0; round < 25; round++) {
      const batch = Array.from({ length: 1 + random.int(40) }, () => {
        const who = random.int(30)
        const adds = someSegments(random.int(4)).map((s): [number, number] => [
          s,
          FAR + random.int(99),
        ])
        const removes = someSegments(random.int(3)).filter((s) => !adds.some(([a]) => a === s))
        const held = model.get(who) ?? new Map<number, number>()
        for (const [segment, day] of adds) held.set(segment, day)
        for (const segment of removes) held.delete(segment)
        model.set(who, held)
        return add(keyOf(who), adds, removes)
      })
      await people.assign(batch)
    }
    for (const [who, held] of model) {
      expect(await membershipsOf(people, keyOf(who)), `seed ${SEED}`).toEqual(
        Object.fromEntries(held),
      )
    }

    function someSegments(count: number): number[] {
      return [...new Set(Array.from({ length: count }, () => 1 + random.int(40) ** 3))]
    }
  })

  test('concurrent assignments to one key all arrive, from two handles', async () => {
    const opened = await open()
    const second = await opened.reopen()
    try {
      const writes = Array.from({ length: 40 }, (_, n) =>
        (n % 2 ? second : opened.store).people.assign([add(keyOf('hot'), [[n + 1, FAR]])]),
      )
      await Promise.all(writes)
      const held = await membershipsOf(opened.store.people, keyOf('hot'))
      expect(Object.keys(held)).toHaveLength(40)
    } finally {
      await second.close()
    }
  })

  test('a batch larger than any bound of the store is written whole', async () => {
    const { people } = (await open()).store
    const batch = Array.from({ length: 5_500 }, (_, n) => add(keyOf(n), [[7, FAR]]))
    await people.assign(batch)
    expect(await membershipsOf(people, keyOf(0))).toEqual({ 7: FAR })
    expect(await membershipsOf(people, keyOf(5_499))).toEqual({ 7: FAR })
  })

  test('a walk over a part meets everybody who has it, with what is kept', async () => {
    const { people } = (await open()).store
    const keys = Array.from({ length: 3_000 }, (_, n) => keyOf(n))
    await people.assign(keys.map((key) => add(key, [[5, FAR]])))
    await people.link([edge('a', 'b')])
    const today = dayOf(systemClock.now())
    const entry = { recipient: 4, channel: 0, reference: '', firstDay: today, lastDay: today }
    await people.noteEgress([{ key: keyOf('c'), entries: [{ ...entry, segments: [5] }] }])
    const met = { profile: new Map(), edges: new Map(), egress: new Map() }
    for (const part of PEOPLE_PARTS)
      for await (const batch of people.walk(part))
        for (const { key, bytes } of batch) met[part].set(hex(key), bytes)
    expect(new Set(met.profile.keys())).toEqual(new Set(keys.map(hex)))
    expect(unpackProfile(met.profile.get(hex(keyOf(7))))).toEqual([{ segment: 5, expiryDay: FAR }])
    expect([...met.edges.keys()].sort()).toEqual([hex(keyOf('a')), hex(keyOf('b'))].sort())
    expect(unpackEdges(met.edges.get(hex(keyOf('a'))))).toMatchObject([{ value: 'b' }])
    expect([...met.egress.keys()]).toEqual([hex(keyOf('c'))])
  })

  test('holders are all who hold the segment and nobody who does not', async () => {
    const { people } = (await open()).store
    await people.assign(
      Array.from({ length: 3_000 }, (_, n) =>
        add(keyOf(n), [
          [1 + (n % 3), FAR],
          [50, FAR],
        ]),
      ),
    )
    await people.assign([add(keyOf(0), [], [50]), add(keyOf('late'), [[50, FAR]])])
    const holders = await collect(people.holders(50))
    expect(holders).toHaveLength(3_000)
    expect(new Set(holders)).toEqual(
      new Set(
        [...Array.from({ length: 2_999 }, (_, n) => n + 1), 'late'].map((n) => hex(keyOf(n))),
      ),
    )
    expect(await collect(people.holders(2))).toHaveLength(1_000)
    expect(await collect(people.holders(51))).toEqual([])
  })

  test('holders may be written while they are being walked', async () => {
    const { people } = (await open()).store
    const keys = Array.from({ length: 5_000 }, (_, n) => keyOf(n))
    await people.assign(keys.map((key) => add(key, [[5, FAR]])))
    for await (const batch of people.holders(5)) {
      await people.assign(batch.map((key) => add(key, [[6, FAR]], [5])))
    }
    expect(await collect(people.holders(5))).toEqual([])
    expect(await collect(people.holders(6))).toHaveLength(5_000)
  })

  test('forgetting removes memberships and both ends of every match', async () => {
    const { people } = (await open()).store
    const [a, b, c] = [keyOf('a'), keyOf('b'), keyOf('c')]
    await people.assign([add(a, [[1, FAR]]), add(b, [[2, FAR]])])
    await people.link([edge('a', 'b'), edge('c', 'a'), edge('b', 'c')])
    await people.forget([a, keyOf('stranger')])
    const [atA, atB, atC] = await people.recall([a, b, c])
    expect(atA).toBeUndefined()
    expect(membershipsIn(atB)).toEqual({ 2: FAR })
    expect(edgesIn(atB).map((one) => one.value)).toEqual(['c'])
    expect(edgesIn(atC).map((one) => one.value)).toEqual(['b'])
  })
}

async function membershipsOf(people: PeopleStore, key: UserKey): Promise<Record<number, number>> {
  return membershipsIn((await people.recall([key]))[0])
}

function hex(key: UserKey): string {
  return key.toString('hex')
}
