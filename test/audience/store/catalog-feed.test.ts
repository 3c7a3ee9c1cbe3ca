import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type CatalogFeed,
  type CatalogFeedOptions,
  openCatalogFeed,
} from '../../../audience/store/catalog-feed.ts'
import { openEmbeddedStore } from '../../../audience/store/embedded/embedded-store.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import type { CatalogRecord, CatalogStore, Store } from '../../../audience/store/store.ts'

// Polls are wound by hand (`poke`): the feed's own timer is set to an hour.

let dir: string
let store: Store
let cut: CuttableCatalog
let feed: CatalogFeed
let elapsedMs: number
const feeds: CatalogFeed[] = []

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'passerelle-feed-'))
  elapsedMs = 1_000_000
  store = await openEmbeddedStore(join(dir, 'store'), { clock })
  cut = cuttable(store.catalog)
  feed = openFeed()
})

afterEach(async () => {
  for (const one of feeds.splice(0)) await one.close()
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

const clock = { now: () => 1.8e12, elapsed: () => elapsedMs }

function openFeed(
  options: {
    snapshotFile?: string
    writeSnapshot?: boolean
    keep?: CatalogFeedOptions['keep']
  } = {},
): CatalogFeed {
  const opened = openCatalogFeed({ store: cut, clock, pollMs: 3_600_000, ...options })
  feeds.push(opened)
  return opened
}

describe('the catalog feed', () => {
  test('has nothing before the first answer of the store, and all of it after', async () => {
    await put('segment', 'auto', 1)
    expect(feed.current()).toBeUndefined()
    expect(feed.confirmed()).toBe(false)
    await feed.poke()
    expect(valuesOf(feed, 'segment')).toEqual({ auto: 1 })
    expect(feed.confirmed()).toBe(true)
    expect(feed.findings()).toEqual([])
  })

  test('knows an empty catalog from none', async () => {
    await feed.poke()
    expect(feed.current()?.version).toBe(0)
    expect(feed.confirmed()).toBe(true)
    expect([...feed.current()!.kind('segment')]).toEqual([])
  })

  test('keeps of each record what it was told to, whether they come at first, later or from the file', async () => {
    const snapshotFile = join(dir, 'snapshot.json')
    await put('statement', 'before', 1)
    await put('segment', 'auto', 1)
    const whole = openFeed({ snapshotFile, writeSnapshot: true })
    await whole.poke()
    await whole.close()
    const told: string[] = []
    const without = openFeed({
      snapshotFile,
      keep(record) {
        if (record.kind === 'statement') return undefined
        return record.id === 'boats' ? { ...record, value: 'cut' } : record
      },
    })
    without.onChange((_, changed) => told.push(...changed.map(({ kind }) => kind)))
    await without.poke()
    await put('statement', 'after', 1)
    await put('segment', 'boats', 1)
    await without.poke()
    expect(valuesOf(without, 'statement')).toEqual({})
    expect(valuesOf(without, 'segment')).toEqual({ auto: 1, boats: 'cut' })
    expect(without.current()!.version).toBe(await store.catalog.version())
    expect(new Set(told)).toEqual(new Set(['segment']))
  })

  test('follows writes and deletions, and leaves earlier snapshots as they were', async () => {
    await put('segment', 'auto', 1)
    await feed.poke()
    const before = feed.current()!
    await put('segment', 'auto', 2)
    await put('segment', 'moto', 3)
    await put('segment', 'auto', null)
    await feed.poke()
    expect(valuesOf(feed, 'segment')).toEqual({ moto: 3 })
    expect(feed.current()?.version).toBe(await store.catalog.version())
    expect(before.kind('segment').get('auto')?.value).toBe(1)
    expect(before.kind('segment').has('moto')).toBe(false)
  })

  test('copies only the kinds that changed', async () => {
    await put('segment', 'auto', 1)
    await put('deal', 'd1', 1)
    await feed.poke()
    const before = feed.current()!
    await put('deal', 'd1', 2)
    await feed.poke()
    expect(feed.current()!.kind('segment')).toBe(before.kind('segment'))
    expect(feed.current()!.kind('deal')).not.toBe(before.kind('deal'))
  })

  test('sees in poke what was written before it, also while a poll is under way', async () => {
    await feed.poke()
    for (let n = 0; n < 20; n++) {
      const underWay = feed.poke()
      await put('segment', 'auto', n)
      await feed.poke()
      expect(valuesOf(feed, 'segment')).toEqual({ auto: n })
      await underWay
    }
  })

  test('makes no new snapshot where nothing changed', async () => {
    await put('segment', 'auto', 1)
    await feed.poke()
    const before = feed.current()
    await feed.poke()
    expect(feed.current()).toBe(before)
  })

  test('a second process sees a write of the first within one poll of its own timer', async () => {
    const timed = openCatalogFeed({ store: cut, clock, pollMs: 5 })
    feeds.push(timed)
    const seen = new Promise<unknown>((resolve) => {
      timed.onChange((snapshot) => {
        const record = snapshot.kind('segment').get('auto')
        if (record) resolve(record.value)
      })
    })
    await put('segment', 'auto', 'from elsewhere')
    expect(await seen).toBe('from elsewhere')
  })
})

describe('listeners of the feed', () => {
  test('are told at once what there is, then each change with its deletions', async () => {
    await put('segment', 'auto', 1)
    await feed.poke()
    const told: [string, unknown][] = []
    const end = feed.onChange((_, changed) => {
      for (const { id, value } of changed) told.push([id, value])
    })
    await put('segment', 'moto', 2)
    await put('segment', 'auto', null)
    await feed.poke()
    expect(told).toEqual([
      ['auto', 1],
      ['moto', 2],
      ['auto', null],
    ])
    end()
    await put('segment', 'moto', 3)
    await feed.poke()
    expect(told).toHaveLength(3)
  })

  test('one that throws keeps the feed unconfirmed, and is offered the change again', async () => {
    await feed.poke()
    const told: string[][] = []
    let broken = true
    const idsOf = (changed: readonly CatalogRecord[]) => changed.map((record) => record.id)
    feed.onChange((_, changed) => {
      if (broken) throw new Error('cannot compile')
      told.push(idsOf(changed))
    })
    const others: string[][] = []
    feed.onChange((_, changed) => others.push(idsOf(changed)))
    others.length = 0
    await put('contract', 'c1', 1)
    await feed.poke()
    expect(feed.confirmed()).toBe(false)
    expect(feed.findings()).toMatchObject([{ finding: 'listener_failed' }])
    expect(others).toEqual([['c1']])
    await put('contract', 'c2', 1)
    await feed.poke()
    broken = false
    await feed.poke()
    expect(told).toEqual([['c1', 'c2']])
    expect(others).toEqual([['c1'], ['c2']])
    expect(feed.confirmed()).toBe(true)
    expect(feed.findings()).toEqual([])
  })
})

describe('when the store is away', () => {
  test('the last snapshot stays, and is unconfirmed after five seconds', async () => {
    await put('segment', 'auto', 1)
    await feed.poke()
    cut.away = true
    elapsedMs += LIMITS.catalogConfirmWithinMs
    await feed.poke()
    expect(feed.confirmed()).toBe(true)
    elapsedMs += 1
    await feed.poke()
    expect(feed.confirmed()).toBe(false)
    expect(valuesOf(feed, 'segment')).toEqual({ auto: 1 })
    expect(feed.findings()).toMatchObject([{ finding: 'unreachable' }])
  })

  test('it is confirmed again, with what was missed, once the store is back', async () => {
    await feed.poke()
    cut.away = true
    elapsedMs += 60_000
    await put('segment', 'auto', 1)
    await feed.poke()
    cut.away = false
    await feed.poke()
    expect(feed.confirmed()).toBe(true)
    expect(valuesOf(feed, 'segment')).toEqual({ auto: 1 })
    expect(feed.findings()).toEqual([])
  })

  test('an answer confirms the moment it was asked for, not when it came', async () => {
    await feed.poke()
    cut.beforeAnswer = () => {
      elapsedMs += LIMITS.catalogConfirmWithinMs + 1
    }
    await feed.poke()
    expect(feed.confirmed()).toBe(false)
  })

  test('a store made anew is taken whole, and what it lacks is told as deleted', async () => {
    await put('segment', 'auto', 1)
    await put('segment', 'moto', 1)
    await feed.poke()
    const told: [string, unknown][] = []
    feed.onChange((_, changed) => {
      for (const { id, value } of changed) told.push([id, value])
    })
    told.length = 0
    const anew = await openEmbeddedStore(join(dir, 'anew'), { clock })
    await anew.catalog.write([{ kind: 'segment', id: 'auto', value: 'new' }])
    cut.target = anew.catalog
    await feed.poke()
    expect(valuesOf(feed, 'segment')).toEqual({ auto: 'new' })
    expect(told).toEqual([
      ['auto', 'new'],
      ['moto', null],
    ])
    cut.target = store.catalog
    await anew.close()
  })
})

describe('the snapshot file', () => {
  const fileIn = (folder: string) => join(folder, 'data', 'catalog.json')

  test('starts a process while the store is away, unconfirmed', async () => {
    await keepOnDisk()
    cut.away = true
    const late = openFeed({ snapshotFile: fileIn(dir) })
    expect(valuesOf(late, 'segment')).toEqual({ auto: 1 })
    await late.poke()
    expect(late.confirmed()).toBe(false)
    cut.away = false
    await put('segment', 'auto', null)
    await late.poke()
    expect(valuesOf(late, 'segment')).toEqual({})
    expect(late.confirmed()).toBe(true)
  })

  test('is readable by its owner only, and written by the process that is told to', async () => {
    const file = await keepOnDisk()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const text = readFileSync(file, 'utf8')
    const reader = openFeed({ snapshotFile: file })
    await put('segment', 'auto', 2)
    await reader.poke()
    await reader.close()
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  test('holds the last state after close, however fast it changed', async () => {
    const writer = openFeed({ snapshotFile: fileIn(dir), writeSnapshot: true })
    for (let n = 0; n < 10; n++) {
      await put('segment', 'auto', n)
      await writer.poke()
    }
    await writer.close()
    cut.away = true
    expect(valuesOf(openFeed({ snapshotFile: fileIn(dir) }), 'segment')).toEqual({ auto: 9 })
  })

  test('damaged at any byte or cut at any length is ignored with a finding', async () => {
    const file = await keepOnDisk()
    const whole = readFileSync(file)
    for (let at = 0; at < whole.length; at++) {
      const bent = Buffer.from(whole)
      bent[at] = bent[at]! ^ 1
      for (const bytes of [bent, whole.subarray(0, at)]) {
        writeFileSync(file, bytes)
        const late = openFeed({ snapshotFile: file })
        if (late.current() === undefined) {
          expect(late.findings()).toMatchObject([{ finding: 'snapshot_ignored' }])
        } else {
          throw new Error(`trusted with byte ${at} bent or cut`)
        }
        await late.close()
      }
    }
  })

  test('that cannot be written is a finding, and the feed goes on', async () => {
    writeFileSync(join(dir, 'data'), 'a file where the folder should be')
    const writer = openFeed({ snapshotFile: fileIn(dir), writeSnapshot: true })
    await put('segment', 'auto', 1)
    await writer.poke()
    await writer.close()
    expect(valuesOf(writer, 'segment')).toEqual({ auto: 1 })
    const words = writer.findings().map((one) => one.finding)
    expect(words).toContain('snapshot_unwritten')
  })

  async function keepOnDisk(): Promise<string> {
    const writer = openFeed({ snapshotFile: fileIn(dir), writeSnapshot: true })
    await put('segment', 'auto', 1)
    await writer.poke()
    await writer.close()
    return fileIn(dir)
  }
})

async function put(kind: string, id: string, value: unknown): Promise<void> {
  await store.catalog.write([{ kind, id, value }])
}

function valuesOf(of: CatalogFeed, kind: string): Record<string, unknown> {
  const records = of.current()?.kind(kind).values() ?? []
  return Object.fromEntries([...records].map(({ id, value }) => [id, value]))
}

interface CuttableCatalog extends CatalogStore {
  target: CatalogStore
  away: boolean
  beforeAnswer: () => void
}

/** A catalog whose connection can be cut, or slow by a wound clock. */
function cuttable(target: CatalogStore): CuttableCatalog {
  const cuttableCatalog: CuttableCatalog = {
    target,
    away: false,
    beforeAnswer: () => {},
    load: () => reach().then((catalog) => catalog.load()),
    changesSince: (version) => reach().then((catalog) => catalog.changesSince(version)),
    version: () => reach().then((catalog) => catalog.version()),
    write: (writes) => reach().then((catalog) => catalog.write(writes)),
    nextNumber: (sequence) => reach().then((catalog) => catalog.nextNumber(sequence)),
  }
  async function reach(): Promise<CatalogStore> {
    cuttableCatalog.beforeAnswer()
    if (cuttableCatalog.away) throw new Error('connection refused')
    return cuttableCatalog.target
  }
  return cuttableCatalog
}
