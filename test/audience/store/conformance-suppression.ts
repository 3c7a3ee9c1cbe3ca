import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PeopleStore } from '../../../audience/store/store.ts'
import { kindsOf, readSuppression } from '../../../proto/suppression-mark.ts'
import { add, collect, edge, edgesIn, idOf, membershipsIn } from './records.ts'
import type { OpenForTest } from './store-conformance.ts'

const FAR = 60_000
const SEED = 20_261_126
const NAMES = ['a', 'bb', 'ccc', 'dddd'] as const

export function suppressionConformance(open: OpenForTest): void {
  test('a suppressed key answers with its mark, and all that was known is gone from both ends', async () => {
    const { people } = (await open()).store
    await people.assign([add(idOf('a').key, [[7, FAR]])])
    await people.link([edge('a', 'bb'), edge('a', 'ccc', { owner: 5 }), edge('bb', 'ccc')])
    await people.suppress([{ key: idOf('a').key, kind: 'erased' }])
    const [a, b, c] = await people.recall(['a', 'bb', 'ccc'].map((name) => idOf(name).key))
    expect(kindsOf(readSuppression(a!.profile)!)).toEqual(['erased'])
    expect([membershipsIn(a), edgesIn(a)]).toEqual([{}, []])
    expect(edgesIn(b).map(({ value }) => value)).toEqual(['ccc'])
    expect(edgesIn(c).map(({ value }) => value)).toEqual(['bb'])
    expect(await collect(people.holders(7))).toEqual([])
  })

  test('a stranger is suppressed before anybody knows it', async () => {
    const { people } = (await open()).store
    await people.suppress([{ key: idOf('a').key, kind: 'list' }])
    expect(await people.assign([add(idOf('a').key, [[1, FAR]])])).toEqual([0])
    await expectForgotten(people, 'a')
  })

  test('assignments and edges are refused by their places, and the rest of a batch is kept', async () => {
    const { people } = (await open()).store
    await people.suppress([{ key: idOf('a').key, kind: 'opt_out' }])
    const batch = ['bb', 'a', 'ccc', 'a'].map((name) => add(idOf(name).key, [[1, FAR]]))
    expect(await people.assign(batch)).toEqual([1, 3])
    expect(await people.assign([add(idOf('a').key, [], [1])])).toEqual([])
    expect(await people.link([edge('bb', 'ccc'), edge('a', 'bb'), edge('ccc', 'a')])).toEqual([
      1, 2,
    ])
    const [b, c] = await people.recall([idOf('bb').key, idOf('ccc').key])
    expect([edgesIn(b), edgesIn(c)].map((edges) => edges.map(({ value }) => value))).toEqual([
      ['ccc'],
      ['bb'],
    ])
    await expectForgotten(people, 'a')
  })

  test('a suppression outlives forget, adds up its kinds, and keeps its first day', async () => {
    const { people } = (await open()).store
    const { key } = idOf('a')
    await people.suppress([{ key, kind: 'opt_out' }])
    const before = readSuppression((await people.recall([key]))[0]!.profile)!
    await people.forget([key])
    await people.suppress([
      { key, kind: 'list' },
      { key, kind: 'opt_out' },
    ])
    const after = readSuppression((await people.recall([key]))[0]!.profile)!
    expect(kindsOf(after)).toEqual(['opt_out', 'list'])
    expect(after.sinceDay).toBe(before.sinceDay)
  })

  test('it is logged once, with the segments that were held, and at the far ends of edges', async () => {
    const { people } = (await open()).store
    const { key } = idOf('a')
    await people.assign([
      add(key, [
        [8, FAR],
        [9, FAR],
      ]),
    ])
    await people.link([edge('a', 'bb')])
    const cursor = await people.changesEnd()
    await people.suppress([{ key, kind: 'erased' }])
    await people.suppress([{ key, kind: 'erased' }])
    const { entries } = await people.changesSince(cursor, 10)
    const told = entries.map(({ what, key: of, removed }) => [what, of.equals(key), removed])
    expect(told).toHaveLength(2)
    expect(told).toContainEqual(['suppress', true, [8, 9]])
    expect(told).toContainEqual(['unlink', false, []])
  })

  test('whatever came before, after and at the same time, it stays forgotten', async () => {
    const name = fc.constantFrom(...NAMES)
    const step = fc.oneof(
      fc.record({ verb: fc.constant('assign' as const), a: name, b: name }),
      fc.record({ verb: fc.constant('link' as const), a: name, b: name }),
      fc.record({ verb: fc.constant('unlink' as const), a: name, b: name }),
      fc.record({ verb: fc.constant('forget' as const), a: name, b: name }),
    )
    const { people } = (await open()).store
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step), fc.array(step), fc.array(step), async (one, two, three) => {
        run++
        const of = (which: string) => `${which}${run}`
        const take = ({ verb, a, b }: (typeof one)[number]): Promise<unknown> => {
          if (verb === 'assign') return people.assign([add(idOf(of(a)).key, [[3, FAR]])])
          if (verb === 'forget') return people.forget([idOf(of(a)).key])
          if (a === b) return Promise.resolve()
          return people[verb]([edge(of(a), of(b))])
        }
        for (const each of one) await take(each)
        const now = people.suppress([{ key: idOf(of('a')).key, kind: 'erased' }])
        await Promise.all([now, ...two.map(take)])
        for (const each of three) await take(each)
        await expectForgotten(people, of('a'))
        for (const other of NAMES.slice(1)) {
          const [record] = await people.recall([idOf(of(other)).key])
          expect(edgesIn(record).map(({ value }) => value)).not.toContain(of('a'))
        }
      }),
      { numRuns: 40, seed: SEED },
    )
  })
}

async function expectForgotten(people: PeopleStore, name: string): Promise<void> {
  const [record] = await people.recall([idOf(name).key])
  expect(readSuppression(record!.profile)).toBeDefined()
  expect([membershipsIn(record), edgesIn(record)]).toEqual([{}, []])
}
