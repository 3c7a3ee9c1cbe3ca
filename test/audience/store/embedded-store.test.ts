import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY_MS, systemClock } from '../../../audience/clock.ts'
import { LIMITS as ROOM_LIMITS } from '../../../audience/limits.ts'
import { openEmbeddedStore } from '../../../audience/store/embedded/embedded-store.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import { openStore, parseStoreAddress } from '../../../audience/store/open-store.ts'
import type { Store, StoreFinding } from '../../../audience/store/store.ts'
import { WoundClock } from '../../support/memory-store.ts'
import { counters, once, part, plain } from './conformance-tallies.ts'
import { startOtherProcess } from './other-process.ts'
import { add, membershipsIn } from './records.ts'
import { storeConformance } from './store-conformance.ts'
import { keyOf } from './torrent.ts'

const FAR = 60_000

storeConformance('the embedded store', async (options = {}) => {
  const dir = tempDir()
  const openOne = () => openEmbeddedStore(dir, { clock: systemClock, ...options })
  const store = await openOne()
  return {
    store,
    address: `embedded:${dir}`,
    dataDir: dir,
    reopen: openOne,
    close: async () => {
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
})

describe('the embedded store', () => {
  let dir: string
  let store: Store

  beforeEach(async () => {
    dir = tempDir()
    store = await openStore(`embedded:${dir}`, { clock: systemClock, dataDir: dir })
  })
  afterEach(async () => {
    await store.close()
    rmSync(dir, { recursive: true, force: true })
  })

  test('is opened by its address, reads at once, and finds nothing wrong', async () => {
    expect(store.kind).toBe('embedded')
    expect(store.findings()).toEqual([])
    expect(store.people.recall([keyOf(1)])).toEqual([undefined])
    expect(store.catalog.version()).toBe(0)
    const cursor = await store.people.changesEnd()
    expect(store.people.changesSince(cursor, 1)).toMatchObject({
      entries: [],
      cursor,
      fellOff: false,
    })
  })

  test('forgets which entry counts some days after its day, not before', async () => {
    const clock = new WoundClock(Date.parse('2026-11-26T12:00:00Z'))
    const { tallies, close } = await openEmbeddedStore(join(dir, 'forgetting'), { clock })
    const again = (seq: number) => once('imp', 2, [['2026-11-26', `part ${seq}`, 1n]])
    await tallies.apply(part('s', 0, 1, [again(1)]))
    for (const [seq, days] of [
      [2, LIMITS.onceDays - 1],
      [3, 2],
    ] as const) {
      clock.wind(days * DAY_MS)
      await tallies.apply(part('s', seq - 1, seq, [again(seq)]))
    }
    expect(await counters(tallies)).toEqual({ '2026-11-26 part 1': 1n, '2026-11-26 part 3': 1n })
    await close()
  })

  test('knows for a minute which counters changed, and says who was away for longer', async () => {
    const clock = new WoundClock(Date.parse('2026-11-26T12:00:00Z'))
    const { tallies, close } = await openEmbeddedStore(join(dir, 'changes'), { clock })
    const start = await tallies.changesEnd()
    const add = (seq: number) =>
      tallies.apply(part('s', seq, seq + 1, [plain('2026-11-26', 'a', 1n)]))
    await add(0)
    clock.wind(LIMITS.tallyChangesMs - 1)
    await add(1)
    const read = await tallies.changesSince(start)
    expect(read).toMatchObject({ changed: [{ value: 2n }], fellOff: false })
    clock.wind(1)
    await add(2)
    expect(await tallies.changesSince(start)).toMatchObject({ changed: [], fellOff: true })
    const { changed, fellOff } = await tallies.changesSince(read.cursor)
    expect([changed, fellOff]).toMatchObject([[{ value: 3n }], false])
    await close()
  })

  test('keeps the order of all changes, across keys', async () => {
    const start = await store.people.changesEnd()
    const batches = Array.from({ length: 50 }, (_, n) =>
      Array.from({ length: 1 + (n % 7) }, (_, i) =>
        add(keyOf(`${n} ${i}`), [[n * 10 + i + 1, FAR]]),
      ),
    )
    for (const batch of batches) await store.people.assign(batch)
    const { entries } = await store.people.changesSince(start, 10_000)
    const expected = batches.flat().map(({ add: [first] }) => first!.segment)
    expect(entries.flatMap((entry) => entry.added)).toEqual(expected)
  })

  test('writes and logs nothing where nothing changes', async () => {
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    const cursor = await store.people.changesEnd()
    await store.people.assign([add(keyOf(1), [[1, FAR]]), add(keyOf(2), [], [4])])
    await store.people.forget([keyOf(3)])
    expect(await store.people.changesEnd()).toBe(cursor)
  })

  test('gives a cursor of a store that stood in its place before no second meaning', async () => {
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    const cursor = await store.people.changesEnd()
    await store.close()
    rmSync(dir, { recursive: true })
    store = await openEmbeddedStore(dir, { clock: systemClock })
    await store.people.assign([add(keyOf(1), [[1, FAR]]), add(keyOf(2), [[2, FAR]])])
    expect(await store.people.changesSince(cursor, 10)).toMatchObject({
      entries: [],
      fellOff: true,
    })
  })

  test('keeps its log bounded', async () => {
    await store.close()
    store = await openEmbeddedStore(dir, { clock: systemClock, logEntriesMax: 100 })
    const start = await store.people.changesEnd()
    for (let n = 0; n < 30; n++) {
      await store.people.assign(Array.from({ length: 10 }, (_, i) => add(keyOf(i), [[1, FAR + n]])))
    }
    const [birth, last] = start.split('-').map(Number) as [number, number]
    const at = (back: number) => store.people.changesSince(`${birth}-${last + 300 - back}`, 1_000)
    expect(await at(100)).toMatchObject({ fellOff: false, entries: { length: 100 } })
    expect(await at(111)).toMatchObject({ fellOff: true })
  })

  test('refuses a recall beyond its bound, a key of another length, a record without a value', async () => {
    const keys = Array.from({ length: ROOM_LIMITS.recallKeysMax + 1 }, (_, n) => keyOf(n))
    expect(() => store.people.recall(keys)).toThrow(RangeError)
    const short = { ...add(keyOf(1), [[1, FAR]]), key: Buffer.alloc(15, 1) }
    const batch = [add(keyOf('good'), [[1, FAR]]), short]
    await expect(store.people.assign(batch)).rejects.toThrow(RangeError)
    expect(store.people.recall([keyOf('good')])).toEqual([undefined])
    const bare = { kind: 'deal', id: 'd', value: undefined }
    await expect(store.catalog.write([bare])).rejects.toThrow(TypeError)
  })

  test('writes a long batch in parts that each hold up the process for a moment only', async () => {
    const start = await store.people.changesEnd()
    const count = LIMITS.transactionChangesMax * 2 + 1
    let turns = 0
    const ticking = setInterval(() => turns++, 0)
    await store.people.assign(Array.from({ length: count }, (_, n) => add(keyOf(n), [[1, FAR]])))
    clearInterval(ticking)
    expect(turns).toBeGreaterThanOrEqual(2)
    expect(await store.people.changesSince(start, 10_000)).toMatchObject({
      entries: { length: count },
    })
  })

  test('keeps its secret for its owner only, and never makes another in place of a bent one', async () => {
    const secret = await store.rootSecret()
    const file = join(dir, 'secret')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'latin1')).toBe(`${secret.toString('hex')}\n`)
    writeFileSync(file, 'short')
    await expect(store.rootSecret()).rejects.toThrow('is not a secret')
    expect(readFileSync(file, 'latin1')).toBe('short')
  })

  test('on a full disk a write rejects, nothing of it is kept, and what was answered stays', async () => {
    const other = await startOtherProcess(`embedded:${dir}`, dir, { fileKiBMax: 2_000 })
    const answered: number[] = []
    let refused = 0
    try {
      for (let n = 0; refused === 0; n++) {
        const batch = Array.from({ length: 300 }, (_, i) => add(keyOf(n * 300 + i), [[1, FAR]]))
        await other.call('people.assign', batch).then(
          () => answered.push(n),
          (error: Error) => {
            expect(error.message).toContain('could not commit')
            refused = n
          },
        )
      }
      const [finding] = await other.call<StoreFinding[]>('store.findings')
      expect(finding).toMatchObject({ finding: 'commit_failed' })
      expect(answered.length).toBeGreaterThan(3)
      const found = (n: number) => store.people.recall([keyOf(n * 300), keyOf(n * 300 + 299)])
      for (const n of answered) {
        expect((await found(n)).map(membershipsIn)).toEqual([{ 1: FAR }, { 1: FAR }])
      }
      expect(await found(refused)).toEqual([undefined, undefined])
      await store.people.assign([add(keyOf('after'), [[1, FAR]])])
      expect(store.people.recall([keyOf('after')])).not.toEqual([undefined])
    } finally {
      await other.end()
    }
  })
})

describe('a store address', () => {
  test('names a directory or a Redis', () => {
    expect(parseStoreAddress('embedded:./data')).toEqual({ kind: 'embedded', dir: './data' })
    for (const url of ['redis://h:6379/2', 'rediss://u:p@h:6380']) {
      expect(parseStoreAddress(url)).toEqual({ kind: 'redis', url })
    }
  })

  test('that makes no sense is refused in a sentence that repeats no password', async () => {
    const options = { clock: systemClock, dataDir: '/nowhere' }
    const cluster = openStore('redis+cluster://a:1,b:2', options)
    await expect(cluster).rejects.toThrow('Cluster is not supported yet')
    for (const address of [
      '',
      'embedded:',
      'mysql://u:hunter2@h',
      './data',
      'redis://:hunter2@[',
    ]) {
      const error = await openStore(address, options).catch((reason: Error) => reason)
      expect(error, address).toBeInstanceOf(Error)
      expect(String(error)).toContain('PASSERELLE_STORE')
      expect(String(error)).not.toContain('hunter2')
    }
  })
})

function tempDir(): string {
  return mkdtempSync(join(tmpdir(), 'passerelle-store-'))
}
