import { expect, test } from 'vitest'
import { CatalogConflict } from '../../../audience/store/store.ts'
import type { OpenForTest } from './store-conformance.ts'

export function catalogConformance(open: OpenForTest): void {
  test('an empty catalog has version 0 and no records', async () => {
    const { catalog } = (await open()).store
    expect(await catalog.version()).toBe(0)
    expect(await catalog.load()).toEqual({ version: 0, records: [] })
    expect(await catalog.changesSince(0)).toEqual({ version: 0, records: [] })
  })

  test('a write gives all its records one new version, and load gives them back', async () => {
    const { catalog } = (await open()).store
    const version = await catalog.write([
      {
        kind: 'partner',
        id: 'acme',
        value: { name: 'Acme', roles: ['dsp'], nested: { é: [1.5] } },
      },
      { kind: 'segment', id: 'auto', value: 'a string is JSON too' },
    ])
    expect(version).toBeGreaterThan(0)
    expect(await catalog.version()).toBe(version)
    const { records } = await catalog.load()
    expect(records).toHaveLength(2)
    expect(records).toContainEqual({
      kind: 'partner',
      id: 'acme',
      version,
      value: { name: 'Acme', roles: ['dsp'], nested: { é: [1.5] } },
    })
    expect(records.every((record) => record.version === version)).toBe(true)
  })

  test('what is written is seen from then on, however often somebody looks while it is being written', async () => {
    const { catalog } = (await open()).store
    for (let n = 0; n < 200; n++) {
      let isWritten = false
      const writing = catalog.write([{ kind: 'k', id: 'x', value: n }])
      void writing.finally(() => {
        isWritten = true
      })
      while (!isWritten) {
        await catalog.version()
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(await catalog.version()).toBe(await writing)
    }
  })

  test('changesSince tells what was written after a version, once, in its last state', async () => {
    const { catalog } = (await open()).store
    const first = await catalog.write([{ kind: 'deal', id: 'd1', value: 1 }])
    const second = await catalog.write([{ kind: 'deal', id: 'd2', value: 1 }])
    const third = await catalog.write([{ kind: 'deal', id: 'd2', value: 2 }])
    expect(await catalog.changesSince(first)).toEqual({
      version: third,
      records: [{ kind: 'deal', id: 'd2', version: third, value: 2 }],
    })
    expect(second).toBeGreaterThan(first)
    expect(third).toBeGreaterThan(second)
    expect(await catalog.changesSince(third)).toEqual({ version: third, records: [] })
  })

  test('a deleted record is gone from load, and told to readers of changes', async () => {
    const { catalog } = (await open()).store
    const made = await catalog.write([{ kind: 'key', id: 'k1', value: { hash: 'x' } }])
    const deleted = await catalog.write([{ kind: 'key', id: 'k1', value: null }])
    expect(await catalog.load()).toEqual({ version: deleted, records: [] })
    const told = { kind: 'key', id: 'k1', version: deleted, value: null }
    expect(await catalog.changesSince(made)).toEqual({ version: deleted, records: [told] })
    expect((await catalog.changesSince(0)).records).toEqual([told])
  })

  test('a write expecting another version is refused whole', async () => {
    const { catalog } = (await open()).store
    const version = await catalog.write([{ kind: 'offer', id: 'o1', value: 1 }])
    const stale = catalog.write([
      { kind: 'offer', id: 'o2', value: 'must not be written' },
      { kind: 'offer', id: 'o1', value: 2, expect: version + 1 },
    ])
    await expect(stale).rejects.toBeInstanceOf(CatalogConflict)
    await expect(stale).rejects.toMatchObject({ kind: 'offer', id: 'o1' })
    expect(await catalog.load()).toMatchObject({ version, records: [{ id: 'o1', value: 1 }] })
    await catalog.write([{ kind: 'offer', id: 'o1', value: 2, expect: version }])
    expect((await catalog.load()).records).toMatchObject([{ id: 'o1', value: 2 }])
  })

  test('a record that is only expected binds a write, and is not written', async () => {
    const { catalog } = (await open()).store
    const held = { kind: 'offer', id: 'held', value: null, isOnlyExpected: true }
    const o1 = { kind: 'offer', id: 'o1', value: 1 }
    await catalog.write([o1, { ...held, expect: 0 }])
    expect((await catalog.load()).records).toMatchObject([{ id: 'o1' }])
    const version = await catalog.write([{ ...held, value: 1, isOnlyExpected: false }])
    const stale = catalog.write([
      { ...o1, value: 2 },
      { ...held, expect: 0 },
    ])
    await expect(stale).rejects.toMatchObject({ kind: 'offer', id: 'held' })
    await catalog.write([
      { ...o1, value: 2 },
      { ...held, expect: version },
    ])
    const { records } = await catalog.load()
    expect(records.map(({ id, value }) => [id, value]).sort()).toEqual([
      ['held', 1],
      ['o1', 2],
    ])
    expect(records.find(({ id }) => id === 'held')?.version).toBe(version)
  })

  test('expecting 0 means that it must not exist, and a deleted one does not', async () => {
    const { catalog } = (await open()).store
    const create = { kind: 'deal', id: 'd', value: 1, expect: 0 }
    await catalog.write([create])
    await expect(catalog.write([create])).rejects.toBeInstanceOf(CatalogConflict)
    await catalog.write([{ kind: 'deal', id: 'd', value: null }])
    await catalog.write([create])
    expect((await catalog.load()).records).toMatchObject([{ id: 'd', value: 1 }])
  })

  test('of writers that expect the same version, in two handles, one wins', async () => {
    const opened = await open()
    const second = await opened.reopen()
    try {
      const expected = await opened.store.catalog.write([{ kind: 'deal', id: 'd', value: 0 }])
      const attempts = Array.from({ length: 10 }, (_, n) =>
        (n % 2 ? second : opened.store).catalog
          .write([{ kind: 'deal', id: 'd', value: n + 1, expect: expected }])
          .then(() => n + 1)
          .catch((error: unknown) => {
            expect(error).toBeInstanceOf(CatalogConflict)
            return 0
          }),
      )
      const winners = (await Promise.all(attempts)).filter((n) => n > 0)
      expect(winners).toHaveLength(1)
      expect((await second.catalog.load()).records).toMatchObject([{ value: winners[0] }])
    } finally {
      await second.close()
    }
  })

  test('a reader that follows changes from any version holds what load gives', async () => {
    const { catalog } = (await open()).store
    const held = new Map<string, unknown>()
    let version = 0
    for (let n = 0; n < 60; n++) {
      const id = `s${(n * 7) % 11}`
      await catalog.write([{ kind: n % 2 ? 'a' : 'b', id, value: n % 5 === 4 ? null : { n } }])
      if (n % 3) continue
      const changes = await catalog.changesSince(version)
      version = changes.version
      for (const { kind, id: changed, value } of changes.records) {
        if (value === null) held.delete(`${kind} ${changed}`)
        else held.set(`${kind} ${changed}`, value)
      }
      const { records } = await catalog.load()
      const live = new Map(records.map((record) => [`${record.kind} ${record.id}`, record.value]))
      expect(held).toEqual(live)
    }
  })

  test('numbers of a sequence are never given twice, in two handles at once', async () => {
    const opened = await open()
    const second = await opened.reopen()
    try {
      const numbers = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          (n % 2 ? second : opened.store).catalog.nextNumber('segment'),
        ),
      )
      expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, n) => n + 1))
      expect(await opened.store.catalog.nextNumber('partner')).toBe(1)
    } finally {
      await second.close()
    }
  })

  test('numbers go on after a restart', async () => {
    const opened = await open()
    expect(await opened.store.catalog.nextNumber('namespace')).toBe(1)
    await opened.store.close()
    const again = await opened.reopen()
    expect(await again.catalog.nextNumber('namespace')).toBe(2)
    await again.close()
  })
}
