import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import { openEmbeddedStore } from '../../../audience/store/embedded/embedded-store.ts'
import type { TallyBatch, TallyStore } from '../../../audience/store/store.ts'
import { LIMITS } from '../../../exchange/ledger/limits.ts'
import type { LedgerRecord } from '../../../exchange/usage/ledger-record.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { seeded } from '../../support/random.ts'
import { delivered, type LedgerWorld, ledgerWorlds } from './ledger-world.ts'

const open = ledgerWorlds()
const SEED = Number(process.env['PASSERELLE_SEED'] ?? 3)

/** Moves time so far that positions are compared, and what rests is looked at, in the next round. */
function later(world: LedgerWorld): void {
  world.clock.wind(LIMITS.restMs + LIMITS.compareEveryMs)
}

describe('the desk', () => {
  test('counts what the processes of this machine wrote, also those long gone, once', async () => {
    const world = await open()
    const early = await world.ledger('bid 1')
    await early.append(delivered(3))
    await early.close()
    const shipper = await world.shipper()
    await shipper.poke()
    expect(await world.counted()).toEqual({ s: 3 })
    const [one, two] = [await world.ledger('bid 1'), await world.ledger('bid 2')]
    await Promise.all([
      one.append(delivered(4)),
      two.append(delivered(5)),
      two.append(delivered(6)),
    ])
    await shipper.poke()
    await shipper.poke()
    expect(await world.counted()).toEqual({ s: 18 })
    expect(shipper.streams().map(({ applied }) => applied)).toEqual([1, 1, 2])
    expect(shipper.counts()).toEqual({ applied: 4, failures: 0 })
    expect(shipper.lagMs()).toBe(0)
    await shipper.close()
    const again = await world.shipper()
    await again.poke()
    expect(await world.counted()).toEqual({ s: 18 })
    expect(again.counts().applied).toBe(0)
  })

  test('takes up where the store is, whoever brought it there', async () => {
    const world = await open()
    const ledger = await world.ledger()
    const [one, two] = [await world.shipper(), await world.shipper()]
    for (let n = 1; n <= 30; n++) {
      await ledger.append(delivered(1))
      if (n % 3) await Promise.all([one.poke(), two.poke()])
    }
    await Promise.all([one.poke(), two.poke()])
    await one.poke()
    expect(await world.counted()).toEqual({ s: 30 })
  })

  test('counts again from where a store went back to, or from the beginning', async () => {
    const world = await open()
    const ledger = await world.ledger()
    const shipper = await world.shipper()
    await ledger.append(delivered(1))
    await shipper.poke()
    const older = new MemoryTallies()
    await (await world.shipper(older)).poke()
    await ledger.append(delivered(2))
    await shipper.poke()
    expect(await world.counted()).toEqual({ s: 3 })
    expect(await world.counted(older)).toEqual({ s: 1 })
    for (const restored of [older, new MemoryTallies()]) {
      replaceBy(world.tallies as MemoryTallies, restored)
      later(world)
      await shipper.poke()
      expect(await world.counted()).toEqual({ s: 3 })
    }
    expect(world.said).toContain('the store lost usage: counted again')
    expect(shipper.findings()).toEqual([])
  })

  test('says that a store takes nothing, how far behind it is, and counts all once it is back', async () => {
    const world = await open()
    const tallies = new MemoryTallies()
    let isAway = true
    world.tallies = appliedBy(tallies, async (batch) => {
      if (isAway) throw new Error('out of reach')
      await tallies.apply(batch)
    })
    const ledger = await world.ledger()
    await ledger.append(delivered(1))
    world.clock.wind(700)
    const shipper = await world.shipper()
    await shipper.poke()
    expect(shipper.findings()).toMatchObject([{ finding: 'ledger_unshipped' }])
    expect(shipper.lagMs()).toBe(700)
    isAway = false
    await shipper.poke()
    expect(shipper.findings()).toEqual([])
    expect(shipper.lagMs()).toBe(0)
    expect(await world.counted()).toEqual({ s: 1 })
  })

  test('a stream that went away before it was counted is behind no more', async () => {
    const world = await open()
    const tallies = new MemoryTallies()
    world.tallies = appliedBy(tallies, () => Promise.reject(new Error('out of reach')))
    await (await world.ledger()).append(delivered(1))
    const shipper = await world.shipper()
    await shipper.poke()
    const [stream] = await world.streams()
    await rm(world.pathOf(stream!))
    later(world)
    await shipper.poke()
    expect(shipper.lagMs()).toBe(0)
  })

  test('ignores a last line that a crash cut off, and what is no stream', async () => {
    const world = await open()
    const ledger = await world.ledger()
    await ledger.append(delivered(1))
    const [stream] = await world.streams()
    await appendFile(world.pathOf(stream!), '{"seq":2,"at":17')
    await writeFile(join(world.dir, 'notes.ndjson'), 'nonsense\n')
    const shipper = await world.shipper()
    await shipper.poke()
    expect(await world.counted()).toEqual({ s: 1 })
    expect(shipper.findings()).toEqual([])
  })

  test('does not count beyond damage, says where it is, and goes on once the file is whole', async () => {
    const world = await open()
    const ledger = await world.ledger()
    for (const units of [1, 2, 4, 8]) await ledger.append(delivered(units))
    const [stream] = await world.streams()
    const whole = await readFile(world.pathOf(stream!))
    await world.rewrite(stream!, (lines) =>
      lines.map((line) => line.replace('"units":4', '"units":5')),
    )
    const shipper = await world.shipper()
    await shipper.poke()
    later(world)
    await shipper.poke()
    expect(await world.counted()).toEqual({ s: 3 })
    const [finding] = shipper.findings()
    expect(finding).toMatchObject({ finding: 'ledger_damaged' })
    expect(finding!.advice).toContain(`${stream}, record 3: changed`)
    await writeFile(world.pathOf(stream!), whole)
    later(world)
    await shipper.poke()
    expect(await world.counted()).toEqual({ s: 15 })
    expect(shipper.findings()).toEqual([])
  })

  test('counts all other streams where one cannot be read, or holds what this version does not know', async () => {
    const world = await open()
    const ledger = await world.ledger('bid 1')
    await ledger.append(delivered(1))
    await ledger.append({ kind: 'from the future' } as unknown as LedgerRecord)
    await ledger.append(delivered(2))
    await mkdir(world.pathOf('bid-0-20261126T000000000Z-000000000000'))
    const other = await world.ledger('bid 2')
    await other.append(delivered(4))
    const shipper = await world.shipper()
    await shipper.poke()
    expect(await world.counted()).toEqual({ s: 5 })
    expect(shipper.streams().map(({ applied, damage }) => [applied, damage])).toEqual([
      [0, { damage: 'unreadable', seq: 1 }],
      [1, { damage: 'unknown', seq: 2 }],
      [1, undefined],
    ])
    await other.append(delivered(8))
    await shipper.poke()
    expect(await world.counted()).toEqual({ s: 13 })
  })

  test('finds an end and a file that are gone, by what was counted of them', async () => {
    const world = await open()
    const ledger = await world.ledger()
    for (const units of [1, 2, 4]) await ledger.append(delivered(units))
    await ledger.close()
    const shipper = await world.shipper()
    await shipper.poke()
    const [stream] = await world.streams()
    await world.rewrite(stream!, (lines) => lines.slice(0, 2))
    later(world)
    await shipper.poke()
    expect(shipper.streams()).toMatchObject([{ damage: { damage: 'end_missing', seq: 3 } }])
    await shipper.close()
    await rm(world.pathOf(stream!))
    const again = await world.shipper()
    await again.poke()
    expect(again.streams()).toMatchObject([{ stream, damage: { damage: 'file_missing' } }])
    expect(again.findings()).toMatchObject([{ finding: 'ledger_damaged' }])
    expect(await world.counted()).toEqual({ s: 7 })
  })

  test('removes streams by age, once they are counted, and what was counted stays', async () => {
    const world = await open()
    const ledger = await world.ledger()
    await ledger.append(delivered(1))
    await ledger.close()
    const shipper = await world.shipper()
    await shipper.poke()
    world.clock.wind(LIMITS.retentionDays * DAY_MS - 1_000)
    const fresh = await world.ledger()
    await fresh.append(delivered(2))
    await shipper.poke()
    expect(await world.streams()).toHaveLength(2)
    world.clock.wind(LIMITS.retireEveryMs + 1_000)
    await shipper.poke()
    expect((await readdir(world.dir)).sort()).toEqual([
      expect.stringMatching(/^bid-1-2027.*\.ndjson$/),
      'shipped.json',
    ])
    expect([...(await world.tallies.applied()).keys()]).toEqual(await world.streams())
    expect(shipper.retiredThrough()).toBe('2026-11-26')
    expect(shipper.findings()).toEqual([])
    expect(await world.counted()).toEqual({ s: 3 })
  })

  test('removes nothing twice where it dies in between: what was half done is done, and counted once', async () => {
    const world = await open()
    const tallies = new MemoryTallies()
    let dies = true
    world.tallies = Object.assign(Object.create(tallies) as MemoryTallies, {
      applied: () => tallies.applied(),
      apply: (batch: TallyBatch) => tallies.apply(batch),
      read: (from: string, to: string) => tallies.read(from, to),
      retire: async (streams: readonly string[]) => {
        if (dies && streams.length > 0) throw new Error('died')
        await tallies.retire(streams)
      },
    })
    const ledger = await world.ledger()
    await ledger.append(delivered(1))
    await ledger.close()
    const shipper = await world.shipper()
    await shipper.poke()
    world.clock.wind((LIMITS.retentionDays + 1) * DAY_MS)
    await shipper.poke()
    expect(await readdir(world.dir)).toContainEqual(expect.stringMatching(/\.retired$/))
    await shipper.close()
    dies = false
    const again = await world.shipper()
    await again.poke()
    expect(await readdir(world.dir)).toEqual(['shipped.json'])
    expect([...(await tallies.applied()).keys()]).toEqual([])
    expect(await world.counted(tallies)).toEqual({ s: 1 })
    expect(again.findings()).toEqual([])
  })

  test(`whenever it dies, each record is counted once (seed ${SEED})`, async () => {
    const world = await open()
    const random = seeded(SEED)
    const store = await openEmbeddedStore(join(world.dir, 'store'), { clock: world.clock })
    world.behind(() => store.close())
    // Dies before a batch is applied, or after it and before anybody knows.
    const dying = (batch: TallyBatch) => {
      const roll = random()
      if (roll < 0.2) return Promise.reject(new Error('died before'))
      const done = store.tallies.apply(batch)
      return roll < 0.4 ? done.then(() => Promise.reject(new Error('died after'))) : done
    }
    world.tallies = appliedBy(store.tallies, dying)
    let units = 0
    for (let round = 0; round < 12; round++) {
      const ledger = await world.ledger(`bid ${random.int(3)}`)
      for (let n = random.int(9); n >= 0; n--) {
        await ledger.append(delivered(n))
        units += n
      }
      const shipper = await world.shipper()
      for (let n = random.int(3); n >= 0; n--) await shipper.poke()
      if (random() < 0.2) await store.tallies.clear()
      later(world)
    }
    const last = await world.shipper(store.tallies)
    for (let n = 0; n < 3; n++) await last.poke()
    expect(await world.counted()).toEqual({ s: units })
  })
})

/** The store as it was some time ago. */
function replaceBy(tallies: MemoryTallies, older: MemoryTallies): void {
  Object.assign(tallies, {
    applied: () => older.applied(),
    apply: (batch: TallyBatch) => older.apply(batch),
    read: (from: string, to: string) => older.read(from, to),
  })
}

/** The same counters, but for how a part is applied. */
function appliedBy(tallies: TallyStore, apply: TallyStore['apply']): TallyStore {
  return {
    applied: () => tallies.applied(),
    apply,
    read: (from, to) => tallies.read(from, to),
    changesEnd: () => tallies.changesEnd(),
    changesSince: (cursor) => tallies.changesSince(cursor),
    retire: (streams) => tallies.retire(streams),
    clear: () => tallies.clear(),
  }
}
