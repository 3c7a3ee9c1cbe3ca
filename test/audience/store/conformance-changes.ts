import { expect, test } from 'vitest'
import type { Change, Changes, PeopleStore } from '../../../audience/store/store.ts'
import { seeded } from '../../support/random.ts'
import { add, edge, membershipsIn } from './records.ts'
import type { OpenForTest } from './store-conformance.ts'
import { keyOf } from './torrent.ts'

const FAR = 60_000
const SEED = 77

export function changesConformance(open: OpenForTest): void {
  test('a new log has an end, and nothing behind it', async () => {
    const { people } = (await open()).store
    const cursor = await people.changesEnd()
    expect(await people.changesSince(cursor, 10)).toMatchObject({ entries: [], fellOff: false })
  })

  test('whoever is told that there is no more has read all, however uneven it was', async () => {
    const { people } = (await open()).store
    let cursor = await people.changesEnd()
    for (let n = 0; n < 60; n++) await people.assign([add(keyOf('much'), [[1, FAR + n]])])
    await people.assign(Array.from({ length: 40 }, (_, n) => add(keyOf(n), [[1, FAR]])))
    const told: Change[] = []
    for (let hasMore = true; hasMore; ) {
      const read = await people.changesSince(cursor, 1_000)
      told.push(...read.entries)
      ;({ cursor, hasMore } = read)
    }
    expect(told).toHaveLength(100)
    expect(await people.changesSince(cursor, 1_000)).toMatchObject({ entries: [], hasMore: false })
  })

  test('every verb is logged for every key it touched', async () => {
    const { people } = (await open()).store
    const cursor = await people.changesEnd()
    const [a, b] = [keyOf('a'), keyOf('b')]
    await people.assign([
      add(
        a,
        [
          [3, FAR],
          [1, FAR],
        ],
        [2],
      ),
    ])
    await people.link([edge('a', 'b')])
    await people.unlink([edge('a', 'b')])
    await people.link([edge('a', 'b')])
    await people.forget([b])
    const { entries } = await readAll(people, cursor)
    expect(entriesOf(entries, a)).toEqual(['assign +3,1 -2', 'link', 'unlink', 'link', 'unlink'])
    expect(entriesOf(entries, b)).toEqual(['link', 'unlink', 'link', 'forget'])
  })

  test('forget tells the segments that were held', async () => {
    const { people } = (await open()).store
    await people.assign([
      add(keyOf('a'), [
        [8, FAR],
        [9, FAR],
      ]),
    ])
    const cursor = await people.changesEnd()
    await people.forget([keyOf('a')])
    const { entries } = await readAll(people, cursor)
    expect(entriesOf(entries, keyOf('a'))).toEqual(['forget -8,9'])
  })

  test('a cursor survives JSON, and is good in another handle', async () => {
    const opened = await open()
    const cursor = await opened.store.people.changesEnd()
    await opened.store.people.assign([add(keyOf(1), [[1, FAR]])])
    const second = await opened.reopen()
    const resumed = JSON.parse(JSON.stringify(cursor)) as string
    const { entries } = await readAll(second.people, resumed)
    expect(entriesOf(entries, keyOf(1))).toEqual(['assign +1'])
    await second.close()
  })

  test('reading in steps of any size gives every entry once, each key in its order', async () => {
    const { people } = (await open()).store
    const random = seeded(SEED)
    const start = await people.changesEnd()
    for (let n = 1; n <= 40; n++) {
      const size = 1 + random.int(30)
      await people.assign(
        Array.from({ length: size }, (_, i) => add(keyOf((n + i) % 37), [[n * 100 + i, FAR]])),
      )
    }
    const whole = await readAll(people, start, 100_000)
    for (const step of [1, 7, 1_000]) {
      const read = await readAll(people, start, step)
      expect(sortedByKey(read.entries), `seed ${SEED}, step ${step}`).toEqual(
        sortedByKey(whole.entries),
      )
    }
    expect(await readAll(people, whole.cursor)).toMatchObject({ entries: [] })
  })

  test('what the log tells is in the profile by then', async () => {
    const { people } = (await open()).store
    let cursor = await people.changesEnd()
    const writing = Promise.all(
      Array.from({ length: 60 }, (_, n) => people.assign([add(keyOf(n % 9), [[n + 1, FAR]])])),
    )
    let told = 0
    while (told < 60) {
      const changes = await people.changesSince(cursor, 5)
      cursor = changes.cursor
      told += changes.entries.length
      for (const { key, added } of changes.entries) {
        const [record] = await people.recall([key])
        for (const segment of added) expect(membershipsIn(record)).toHaveProperty(String(segment))
      }
      await nextTurn()
    }
    await writing
  })

  test('a reader that fell off is told so, and goes on from the end', async () => {
    const { people } = (await open({ logEntriesMax: 100 })).store
    const start = await people.changesEnd()
    const changes = await writeUntilFellOff(people, start)
    expect(changes.entries).toEqual([])
    expect(changes.cursor).toEqual(await people.changesEnd())
    await people.assign([add(keyOf('after'), [[1, FAR]])])
    const { entries } = await readAll(people, changes.cursor)
    expect(entriesOf(entries, keyOf('after'))).toEqual(['assign +1'])
  })

  test('a reader that keeps up never falls off', async () => {
    const { people } = (await open({ logEntriesMax: 100 })).store
    let cursor = await people.changesEnd()
    for (let n = 0; n < 60; n++) {
      await people.assign(
        Array.from({ length: 20 }, (_, i) => add(keyOf(i), [[n * 20 + i + 1, FAR]])),
      )
      const { entries, ...read } = await readAll(people, cursor)
      cursor = read.cursor
      expect(entries).toHaveLength(20)
    }
  })

  test('a cursor that this store never gave counts as fallen off', async () => {
    const { people } = (await open()).store
    await people.assign([add(keyOf(1), [[1, FAR]])])
    for (const cursor of ['', 'nonsense', '-1', '1e9']) {
      const changes = await people.changesSince(cursor, 10)
      expect(changes).toMatchObject({
        ...{ entries: [], cursor: await people.changesEnd(), fellOff: true, hasMore: false },
      })
    }
  })
}

/** Reads to the end in steps; fails where the reader falls off. */
async function readAll(people: PeopleStore, from: string, step = 100): Promise<Changes> {
  const entries: Change[] = []
  for (let cursor = from; ; ) {
    const read = await people.changesSince(cursor, step)
    expect(read.fellOff).toBe(false)
    expect(read.entries.length).toBeLessThanOrEqual(step)
    if (read.entries.length === 0) return { ...read, entries }
    entries.push(...read.entries)
    cursor = read.cursor
  }
}

/** The log may keep more than it must, so this writes until it does not. */
async function writeUntilFellOff(people: PeopleStore, cursor: string): Promise<Changes> {
  for (let round = 1; round <= 1_000; round++) {
    await people.assign(Array.from({ length: 500 }, (_, n) => add(keyOf(n), [[1, FAR + round]])))
    const changes = await people.changesSince(cursor, 1)
    if (changes.fellOff) return changes
  }
  throw new Error('the log is not bounded')
}

/** The entries of one key as words: `assign +1,2 -3`. */
function entriesOf(entries: readonly Change[], key: Buffer): string[] {
  const words = ({ what, added, removed }: Change) =>
    [what, added.length && `+${added}`, removed.length && `-${removed}`].filter(Boolean).join(' ')
  return entries.filter((entry) => key.equals(entry.key)).map(words)
}

/** Order between keys is the store's own affair; within a key it is kept. */
function sortedByKey(entries: readonly Change[]): string[] {
  const told = entries.map(({ key, added }) => [key.toString('hex'), added.join()] as const)
  return told.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map((pair) => pair.join(' '))
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
