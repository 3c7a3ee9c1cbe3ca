import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayOf, systemClock } from '../../../audience/clock.ts'
import { pastIdsOf } from '../../../audience/people/past-ids.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import type { EgressEntry, PeopleStore } from '../../../audience/store/store.ts'
import { add, edge, idOf } from './records.ts'
import type { OpenForTest } from './store-conformance.ts'

const TODAY = dayOf(systemClock.now())
const { key } = idOf('a')

function given(more: Partial<EgressEntry>): EgressEntry {
  const days = { firstDay: TODAY, lastDay: TODAY }
  return { recipient: 3, channel: 0, reference: '', segments: [1], ...days, ...more }
}

export function egressConformance(open: OpenForTest): void {
  test('days and segments add up by recipient and channel, whatever is written twice', async () => {
    const { people } = (await open()).store
    const notes = [
      { key, entries: [given({ firstDay: TODAY - 3, lastDay: TODAY - 3, segments: [1, 70_000] })] },
      { key, entries: [given({ segments: [2] }), given({ recipient: 4 })] },
    ]
    await people.noteEgress(notes)
    await people.noteEgress(notes)
    const [first, none] = await people.egressOf([key, idOf('bb').key])
    expect(first).toEqual([
      given({ firstDay: TODAY - 3, segments: [1, 2, 70_000] }),
      given({ recipient: 4 }),
    ])
    expect(none).toEqual([])
  })

  test('a delivery with a reference is an entry of its own, up to a bound', async () => {
    const { people } = (await open()).store
    const rows = (count: number) =>
      Array.from({ length: count }, (_, n) => given({ channel: 1, reference: `batch 1 row ${n}` }))
    await people.noteEgress([{ key, entries: rows(3) }])
    expect((await people.egressOf([key]))[0]).toEqual(rows(3))
    await people.noteEgress([{ key, entries: rows(LIMITS.egressEntriesMax + 1) }])
    expect((await people.egressOf([key]))[0]).toEqual([given({ channel: 1 })])
  })

  test('what is older than 13 months goes when something is added, or when it is swept', async () => {
    const { people } = (await open()).store
    const old = TODAY - LIMITS.egressDays - 1
    await people.noteEgress([{ key, entries: [given({ firstDay: old, lastDay: old })] }])
    expect((await people.egressOf([key]))[0]).toEqual([])
    await people.noteEgress([
      { key, entries: [given({})] },
      { key: idOf('bb').key, entries: [given({}), given({ recipient: 9, lastDay: TODAY + 5 })] },
    ])
    await people.sweepEgress(TODAY + 1)
    expect(await people.egressOf([key, idOf('bb').key])).toEqual([
      [],
      [given({ recipient: 9, lastDay: TODAY + 5 })],
    ])
  })

  test('a suppression leaves to whom and when, also of what comes late', async () => {
    const { people } = (await open()).store
    await people.assign([add(key, [[1, TODAY + 30]])])
    await people.noteEgress([{ key, entries: [given({ segments: [1, 2] })] }])
    await people.suppress([{ key, kind: 'erased' }])
    expect((await people.egressOf([key]))[0]).toEqual([given({ segments: [] })])
    await people.noteEgress([{ key, entries: [given({ recipient: 8 })] }])
    expect((await people.egressOf([key]))[0]).toEqual([
      given({ segments: [] }),
      given({ recipient: 8, segments: [] }),
    ])
  })

  test('of the matches a suppression takes both ends keep whose key was there, and as long as egress', async () => {
    const { people } = (await open()).store
    await people.link([edge('a', 'bb'), edge('a', 'ccc', { owner: 5 }), edge('bb', 'ccc')])
    await people.noteEgress([{ key: idOf('bb').key, entries: [given({})] }])
    await people.suppress([{ key, kind: 'opt_out' }])
    await people.suppress([{ key: idOf('bb').key, kind: 'opt_out' }])
    expect(await pastOf(people, ['a', 'bb', 'ccc'])).toEqual([
      ['bb 2 0', 'ccc 3 5'],
      ['a 1 0', 'ccc 3 0'],
      ['a 1 5', 'bb 2 0'],
    ])
    expect((await people.egressOf([idOf('bb').key]))[0]).toEqual([given({ segments: [] })])
    await people.sweepEgress(TODAY)
    expect((await pastOf(people, ['a', 'bb', 'ccc']))[0]).toHaveLength(2)
    await people.sweepEgress(TODAY + 1)
    expect(await pastOf(people, ['a', 'bb', 'ccc'])).toEqual([[], [], []])
  })

  test('whoever of a person is suppressed in whichever order, each of its ids leads to all others', async () => {
    const { people } = (await open()).store
    const name = fc.constantFrom(...NAMES)
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(name, name), { maxLength: 6 }),
        fc.shuffledSubarray([...NAMES], { minLength: NAMES.length }),
        fc.boolean(),
        async (pairs, order, isOneBatch) => {
          run++
          const of = (which: string) => `${which}${run}`
          const edges = pairs.filter(([a, b]) => a !== b).map(([a, b]) => edge(of(a), of(b)))
          await people.link(edges)
          const orders = order.map((one) => ({ key: idOf(of(one)).key, kind: 'list' as const }))
          if (isOneBatch) await people.suppress(orders)
          else for (const one of orders) await people.suppress([one])
          for (const one of NAMES) {
            const past = await pastIdsOf(people, [idOf(of(one)).key], () => true)
            const expected = joinedWith(one, pairs).map((other) => idOf(of(other)).key)
            expect(hexOf(past.map((id) => id.key))).toEqual(hexOf(expected))
          }
        },
      ),
      { numRuns: 20, seed: SEED },
    )
  })

  test('it is no change of the person: nothing is logged, and a stranger stays one', async () => {
    const { people } = (await open()).store
    const cursor = await people.changesEnd()
    await people.noteEgress([{ key, entries: [given({})] }])
    expect((await people.changesSince(cursor, 10)).entries).toEqual([])
    expect(await people.recall([key])).toEqual([undefined])
  })
}

const NAMES = ['a', 'bb', 'ccc', 'dddd'] as const
const SEED = 20_261_127

/** By name: `<name at the other end> <its namespace> <owner>`, in order. */
async function pastOf(people: PeopleStore, names: readonly string[]): Promise<string[][]> {
  const named = new Map(names.map((name) => [idOf(name).key.toString('hex'), name]))
  const past = await people.pastMatchesOf(names.map((name) => idOf(name).key))
  return past.map((matches) => {
    const told = matches.map(({ key: other, namespace, owner, lastDay }) => {
      expect(lastDay).toBe(TODAY)
      return `${named.get(Buffer.from(other).toString('hex'))} ${namespace} ${owner}`
    })
    return told.sort()
  })
}

/** Whom pairs lead to from one, whichever way. */
function joinedWith(start: string, pairs: readonly (readonly [string, string])[]): string[] {
  const reached = new Set([start])
  for (const _ of pairs)
    for (const [a, b] of pairs) if (reached.has(a) || reached.has(b)) reached.add(a).add(b)
  reached.delete(start)
  return [...reached]
}

function hexOf(keys: readonly Buffer[]): string[] {
  return keys.map((one) => one.toString('hex')).sort()
}
