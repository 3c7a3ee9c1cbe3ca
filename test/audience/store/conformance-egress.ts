import { expect, test } from 'vitest'
import { dayOf, systemClock } from '../../../audience/clock.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import type { EgressEntry } from '../../../audience/store/store.ts'
import { add, idOf } from './records.ts'
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

  test('it is no change of the person: nothing is logged, and a stranger stays one', async () => {
    const { people } = (await open()).store
    const cursor = await people.changesEnd()
    await people.noteEgress([{ key, entries: [given({})] }])
    expect((await people.changesSince(cursor, 10)).entries).toEqual([])
    expect(await people.recall([key])).toEqual([undefined])
  })
}
