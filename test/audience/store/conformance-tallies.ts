import { expect, test } from 'vitest'
import { LIMITS } from '../../../audience/store/limits.ts'
import {
  type Store,
  TALLY_OVERFLOW,
  type TallyBatch,
  type TallyEntry,
  TallyGap,
  type TallyStore,
} from '../../../audience/store/store.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { type Random, seeded } from '../../support/random.ts'
import type { OpenForTest } from './store-conformance.ts'

const DAY = '2026-11-26'
const NEXT_DAY = '2026-11-27'
const SEED = Number(process.env['PASSERELLE_SEED'] ?? 7)

export function talliesConformance(open: OpenForTest): void {
  test('a part of a stream moves its counters and its position together', async () => {
    const { tallies } = (await open()).store
    expect(await tallies.applied()).toEqual(new Map())
    expect(await counters(tallies)).toEqual({})
    await tallies.apply(part('bid-1', 0, 2, [plain(DAY, 'a', 3n), plain(DAY, 'a', 4n)]))
    await tallies.apply(part('bid-2', 0, 1, [plain(NEXT_DAY, 'a', 1n), plain(DAY, 'é b', -9n)]))
    expect(await tallies.applied()).toEqual(
      new Map([
        ['bid-1', { seq: 2, digest: 'at 2' }],
        ['bid-2', { seq: 1, digest: 'at 1' }],
      ]),
    )
    const all = { [`${DAY} a`]: 7n, [`${DAY} é b`]: -9n, [`${NEXT_DAY} a`]: 1n }
    expect(await counters(tallies)).toEqual(all)
    expect(await counters(tallies, DAY, DAY)).toEqual({ [`${DAY} a`]: 7n, [`${DAY} é b`]: -9n })
    expect(await counters(tallies, '2020-01-01', '2026-11-25')).toEqual({})
  })

  test('a part given again changes nothing, and one out of order is refused with the place', async () => {
    const { tallies } = (await open()).store
    const first = part('s', 0, 3, [plain(DAY, 'a', 1n)])
    await tallies.apply(first)
    await tallies.apply(first)
    const ahead = tallies.apply(part('s', 5, 6, [plain(DAY, 'a', 1n)]))
    await expect(ahead).rejects.toBeInstanceOf(TallyGap)
    await expect(ahead).rejects.toMatchObject({ applied: { seq: 3, digest: 'at 3' } })
    const overlapping = tallies.apply(part('s', 0, 4, [plain(DAY, 'a', 1n)]))
    await expect(overlapping).rejects.toMatchObject({ applied: { seq: 3 } })
    const elsewhere = tallies.apply(part('t', 3, 4, [plain(DAY, 'a', 1n)]))
    await expect(elsewhere).rejects.toMatchObject({ applied: { seq: 0, digest: '' } })
    await tallies.apply(part('s', 3, 4, []))
    expect((await tallies.applied()).get('s')).toEqual({ seq: 4, digest: 'at 4' })
    expect(await counters(tallies)).toEqual({ [`${DAY} a`]: 1n })
  })

  test('counters hold 64 bits exactly, and an add that would leave them is counted aside', async () => {
    const { tallies } = (await open()).store
    const [most, all] = [2n ** 53n - 1n, 2n ** 63n - 1n]
    const entries = Array.from({ length: 1_024 }, () => plain(DAY, 'a', most))
    await tallies.apply(part('s', 0, 1, entries))
    await tallies.apply(part('s', 1, 2, [plain(DAY, 'a', 1_023n)]))
    expect(await counters(tallies)).toEqual({ [`${DAY} a`]: all })
    await tallies.apply(part('s', 2, 3, [plain(DAY, 'a', 1n), plain(DAY, 'b', 5n)]))
    expect(await counters(tallies)).toEqual({
      [`${DAY} a`]: all,
      [`${DAY} b`]: 5n,
      [`${DAY} ${TALLY_OVERFLOW}`]: 1n,
    })
    await tallies.apply(part('s', 3, 4, [plain(DAY, 'a', -most)]))
    expect((await counters(tallies))[`${DAY} a`]).toBe(all - most)
  })

  test('what is no tally is refused before anything is done', async () => {
    const { tallies } = (await open()).store
    const bad: TallyEntry[] = [
      plain('26.11.2026', 'a', 1n),
      plain(DAY, 'a'.repeat(LIMITS.tallyFieldBytesMax + 1), 1n),
      plain(DAY, 'a', 2n ** 53n),
      once('x', 'no rank', [[DAY, 'a', 1n]]),
    ]
    for (const entry of bad) {
      const refused = tallies.apply(part('s', 0, 1, [plain(DAY, 'ok', 1n), entry]))
      await expect(refused).rejects.toBeInstanceOf(RangeError)
    }
    const adds = Array.from({ length: LIMITS.tallyAddsMax + 1 }, () => plain(DAY, 'a', 1n))
    await expect(tallies.apply(part('s', 0, 1, adds))).rejects.toBeInstanceOf(RangeError)
    expect(await counters(tallies)).toEqual({})
    expect(await tallies.applied()).toEqual(new Map())
  })

  test('of entries about one thing the highest rank counts, over streams and days', async () => {
    const { tallies } = (await open()).store
    const won = once('imp', 1, [
      [DAY, 'units', 1n],
      [DAY, 'price', 250n],
    ])
    const billed = once('imp', 2, [
      [DAY, 'units', 1n],
      [NEXT_DAY, 'price', 240n],
    ])
    await tallies.apply(part('a', 0, 1, [won, won]))
    expect(await counters(tallies)).toEqual({ [`${DAY} units`]: 1n, [`${DAY} price`]: 250n })
    await tallies.apply(part('b', 0, 1, [billed]))
    await tallies.apply(part('a', 1, 2, [won, billed]))
    expect(await counters(tallies)).toEqual({
      [`${DAY} units`]: 1n,
      [`${NEXT_DAY} price`]: 240n,
    })
  })

  test('of different ids among which so many count, those count that came first, however often and by whatever rank', async () => {
    const { tallies } = (await open()).store
    const imp = (id: string, rank = 1, group = 'answer'): TallyEntry => {
      const entry = once(id, rank, [[DAY, id, 1n]])
      return { ...entry, once: { ...entry.once!, among: { id: group, max: 2 } } }
    }
    await tallies.apply(part('a', 0, 1, [imp('1'), imp('1', 2), imp('2')]))
    await tallies.apply(part('b', 0, 1, [imp('3', 9), imp('2', 3), imp('4', 1, 'another')]))
    await tallies.apply(part('a', 1, 2, [imp('3'), once('5', 1, [[DAY, '5', 1n]])]))
    expect(await counters(tallies)).toEqual(
      Object.fromEntries(['1', '2', '4', '5'].map((id) => [`${DAY} ${id}`, 1n])),
    )
    await tallies.clear()
    await tallies.apply(part('a', 0, 1, [imp('3'), imp('2'), imp('1')]))
    expect(await counters(tallies)).toEqual({ [`${DAY} 3`]: 1n, [`${DAY} 2`]: 1n })
  })

  test(`in whatever order entries about the same things come, the counters are the same (seed ${SEED})`, async () => {
    const opened = await open()
    const random = seeded(SEED)
    for (let round = 0; round < 12; round++) {
      const entries = Array.from({ length: 40 }, () => anyEntry(random))
      const orders = [entries, [...entries].reverse(), shuffled(entries, random)]
      const oracle = new MemoryTallies()
      await oracle.apply(part('s', 0, 1, entries))
      for (const [i, order] of orders.entries()) {
        await opened.store.tallies.clear()
        await applyInParts(opened.store.tallies, [...order, ...order.filter(isOnce)], random)
        const found = await counters(opened.store.tallies)
        expect(found, `round ${round}, order ${i}`).toEqual(await counters(oracle))
      }
    }
  })

  test('two who ship the same stream at once count each entry once', async () => {
    const opened = await open()
    const second = await opened.reopen()
    try {
      const ship = async ({ tallies }: Store) => {
        for (let at = 0; at < 60; ) {
          const to = Math.min(60, at + 1 + (at % 3))
          const entries = Array.from({ length: to - at }, () => plain(DAY, 'a', 1n))
          at = await tallies.apply(part('s', at, to, entries)).then(
            () => to,
            (error: TallyGap) => error.applied.seq,
          )
        }
      }
      await Promise.all([ship(opened.store), ship(second), ship(second)])
      expect(await counters(second.tallies)).toEqual({ [`${DAY} a`]: 60n })
    } finally {
      await second.close()
    }
  })

  test('thousands of counters are read whole, each once', async () => {
    const { tallies } = (await open()).store
    const entries = Array.from({ length: 5_000 }, (_, n) => plain(DAY, `c${n + 1}`, BigInt(n + 1)))
    await tallies.apply(part('s', 0, 1, entries))
    const seen: bigint[] = []
    for await (const { field, value } of tallies.read(DAY, DAY)) {
      expect(field).toBe(`c${value}`)
      seen.push(value)
    }
    expect(seen.sort((a, b) => Number(a - b))).toEqual(entries.map((_, n) => BigInt(n + 1)))
  })

  test('only wanted counters are read, also those made since the last reading, and after a clear', async () => {
    const { tallies } = (await open()).store
    const wanted = async (isWanted: (field: string) => boolean) => {
      const found: string[] = []
      for await (const { day, field, value } of tallies.read(DAY, NEXT_DAY, isWanted))
        found.push(`${day} ${field} ${value}`)
      return found.sort()
    }
    const isA = (field: string) => field.startsWith('a')
    expect(await wanted(isA)).toEqual([])
    await tallies.apply(part('s', 0, 1, [plain(DAY, 'a1', 1n), plain(DAY, 'b1', 2n)]))
    expect(await wanted(isA)).toEqual([`${DAY} a1 1`])
    await tallies.apply(part('s', 1, 2, [plain(NEXT_DAY, 'a2', 3n), plain(NEXT_DAY, 'a1', 4n)]))
    expect(await wanted(isA)).toEqual([`${DAY} a1 1`, `${NEXT_DAY} a1 4`, `${NEXT_DAY} a2 3`])
    await tallies.clear()
    expect(await wanted(isA)).toEqual([])
    await tallies.apply(part('s', 0, 1, [plain(DAY, 'b2', 5n), plain(DAY, 'a3', 6n)]))
    expect(await wanted(isA)).toEqual([`${DAY} a3 6`])
    expect(await counters(tallies)).toEqual({ [`${DAY} b2`]: 5n, [`${DAY} a3`]: 6n })
  })

  test('are read day by day, and who reads again is asked about new names only', async () => {
    const { tallies } = (await open()).store
    const days = [NEXT_DAY, DAY, '2026-11-20']
    const entries = days.flatMap((day) => ['a', 'b', 'c'].map((name) => plain(day, name, 1n)))
    await tallies.apply(part('s', 0, 1, entries))
    const asked: string[] = []
    const isWanted = (name: string) => asked.push(name) > 0
    const read = async () => {
      const found: string[] = []
      for await (const { day } of tallies.read('2026-11-01', NEXT_DAY, isWanted)) found.push(day)
      return found.filter((day, i) => day !== found[i - 1])
    }
    expect((await read()).sort()).toEqual(days.toSorted())
    await tallies.apply(part('s', 1, 2, [plain(DAY, 'd', 1n)]))
    expect(await read()).toHaveLength(3)
    expect(asked.filter((name) => name !== '').sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  test(`who keeps what changed has what is counted, also of other processes (seed ${SEED})`, async () => {
    const opened = await open()
    const other = await opened.reopen()
    try {
      const random = seeded(SEED)
      const { tallies } = opened.store
      const kept: Record<string, bigint> = {}
      let cursor = await tallies.changesEnd()
      for (let seq = 0; seq < 40; seq++) {
        const entries = Array.from({ length: random.int(6) }, () => anyEntry(random))
        await random.pick([tallies, other.tallies]).apply(part('s', seq, seq + 1, entries))
        if (random() < 0.4) continue
        const told = await tallies.changesSince(cursor)
        const names = told.changed.map(({ day, field }) => `${day} ${field}`)
        expect(names).toHaveLength(new Set(names).size)
        for (const { day, field, value } of told.changed) kept[`${day} ${field}`] = value
        cursor = told.cursor
        expect(told).toMatchObject({ fellOff: false, hasMore: false })
        const all = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== 0n))
        expect(all).toEqual(await counters(tallies))
        expect((await tallies.changesSince(cursor)).changed).toEqual([])
      }
    } finally {
      await other.close()
    }
  })

  test('what changed is told in steps where it is much, of which each counter is in those it changed in', async () => {
    const { tallies } = (await open()).store
    let cursor = await tallies.changesEnd()
    const parts = 40
    for (let seq = 0; seq < parts; seq++) {
      const entries = Array.from({ length: 4_000 }, (_, n) => plain(DAY, `c${n}`, 1n))
      await tallies.apply(part('s', seq, seq + 1, entries))
    }
    let steps = 0
    for (let hasMore = true; hasMore; steps++) {
      const told = await tallies.changesSince(cursor)
      expect(told.changed).toHaveLength(4_000)
      expect(told.changed.every(({ value }) => value === BigInt(parts))).toBe(true)
      expect(told.fellOff).toBe(false)
      ;({ cursor, hasMore } = told)
    }
    expect(steps).toBe(Math.ceil((parts * 4_000) / LIMITS.tallyChangedMax))
  })

  test('who follows what changed is told where all was cleared, and goes on from there', async () => {
    const { tallies } = (await open()).store
    await tallies.apply(part('s', 0, 1, [plain(DAY, 'a', 1n)]))
    const before = await tallies.changesEnd()
    await tallies.clear()
    await tallies.apply(part('s', 0, 1, [plain(DAY, 'b', 2n)]))
    const { cursor, ...told } = await tallies.changesSince(before)
    expect(told).toEqual({ changed: [], fellOff: true, hasMore: false })
    await tallies.apply(part('s', 1, 2, [plain(DAY, 'c', 3n)]))
    const { changed, fellOff } = await tallies.changesSince(cursor)
    expect(fellOff).toBe(false)
    expect(changed).toEqual([{ day: DAY, field: 'c', value: 3n }])
  })

  test('retire forgets positions and clear everything; both leave the rest', async () => {
    const { tallies } = (await open()).store
    await tallies.apply(part('a', 0, 1, [plain(DAY, 'x', 1n)]))
    await tallies.apply(part('b', 0, 1, [once('imp', 1, [[DAY, 'y', 1n]])]))
    await tallies.retire(['a', 'never seen'])
    expect([...(await tallies.applied()).keys()]).toEqual(['b'])
    expect(await counters(tallies)).toEqual({ [`${DAY} x`]: 1n, [`${DAY} y`]: 1n })
    await tallies.clear()
    expect(await tallies.applied()).toEqual(new Map())
    expect(await counters(tallies)).toEqual({})
    await tallies.apply(part('b', 0, 1, [once('imp', 1, [[DAY, 'y', 1n]])]))
    expect(await counters(tallies)).toEqual({ [`${DAY} y`]: 1n })
  })

  test('what was applied is there after a restart', async () => {
    const opened = await open()
    await opened.store.tallies.apply(part('a', 0, 1, [once('imp', 2, [[DAY, 'y', 1n]])]))
    await opened.store.close()
    const { tallies, close } = await opened.reopen()
    try {
      await tallies.apply(part('a', 1, 2, [once('imp', 1, [[DAY, 'y', 9n]])]))
      expect(await counters(tallies)).toEqual({ [`${DAY} y`]: 1n })
    } finally {
      await close()
    }
  })
}

/** Part of a stream from behind `after` up to `seq`. */
export function part(
  stream: string,
  after: number,
  seq: number,
  entries: TallyEntry[],
): TallyBatch {
  return { stream, after, upTo: { seq, digest: `at ${seq}` }, entries }
}

export function plain(day: string, field: string, by: bigint): TallyEntry {
  return { adds: [{ day, field, by }] }
}

export function once(
  id: string,
  rank: number | string,
  adds: [string, string, bigint][],
): TallyEntry {
  const named = adds.map(([day, field, by]) => ({ day, field, by }))
  return { adds: named, once: { id, rank: String(rank), day: DAY } }
}

/** Counters by `<day> <field>`. */
export async function counters(
  tallies: TallyStore,
  from = '0000-01-01',
  to = '9999-12-31',
): Promise<Record<string, bigint>> {
  const found: Record<string, bigint> = {}
  for await (const { day, field, value } of tallies.read(from, to)) found[`${day} ${field}`] = value
  return found
}

function isOnce(entry: TallyEntry): boolean {
  return entry.once !== undefined
}

/** What an entry adds follows from its id and rank, as it does for notices about one impression. */
function anyEntry(random: Random): TallyEntry {
  if (random() < 0.3) return plain(random.pick([DAY, NEXT_DAY]), `f${random.int(4)}`, 1n)
  const [thing, rank] = [random.int(6), random.int(5)]
  const adds = Array.from({ length: (thing + rank) % 4 }, (_, i): [string, string, bigint] => [
    (i + rank) % 2 ? DAY : NEXT_DAY,
    `f${(thing + i) % 4}`,
    BigInt((rank - 2) * 1_000_003 + i),
  ])
  return once(`thing ${thing}`, rank, adds)
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

async function applyInParts(
  tallies: TallyStore,
  entries: TallyEntry[],
  random: Random,
): Promise<void> {
  for (let from = 0, seq = 0; from < entries.length; seq++) {
    const to = from + 1 + random.int(12)
    await tallies.apply(part('s', seq, seq + 1, entries.slice(from, to)))
    from = to
  }
}
