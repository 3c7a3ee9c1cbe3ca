import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { filesDigest, fileText, partsOfPath } from '../../../audience/store/catalog-files.ts'
import { CatalogSnapshot } from '../../../audience/store/catalog-snapshot.ts'
import { diffFiles } from '../../../audience/store/diff-files.ts'
import { StagedCatalog } from '../../../audience/store/staged-catalog.ts'
import { CatalogConflict } from '../../../audience/store/store.ts'

const files = (of: Record<string, object>) => new Map(Object.entries(of))

describe('a diff of files', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue())

  test('is empty exactly where nothing differs, and its fields make the one of the other', () => {
    fc.assert(
      fc.property(object, object, (before, after) => {
        expect(diffFiles(files({ f: before }), files({ f: before })).changed).toEqual([])
        const { changed, unchanged } = diffFiles(files({ f: before }), files({ f: after }))
        expect(unchanged).toBe(1 - changed.length)
        expect(changed.length === 0).toBe(fileText(before) === fileText(after))
      }),
    )
  })

  test('goes into objects and takes a list as one field', () => {
    const before = { a: { b: 1, c: [1, 2] }, gone: true }
    const after = { a: { b: 2, c: [1, 3] }, come: null }
    expect(diffFiles(files({ f: before, x: {} }), files({ f: after, y: {} }))).toEqual({
      created: ['y'],
      deleted: ['x'],
      unchanged: 0,
      changed: [
        {
          path: 'f',
          fields: [
            { field: 'a.b', before: 1, after: 2 },
            { field: 'a.c', before: [1, 2], after: [1, 3] },
            { field: 'gone', before: true },
            { field: 'come', after: null },
          ],
        },
      ],
    })
  })

  test('texts and digests do not depend on the order of keys', () => {
    const [one, other] = [
      { b: { d: 1, c: 2 }, a: [] },
      { a: [], b: { c: 2, d: 1 } },
    ]
    expect(fileText(one)).toBe(fileText(other))
    expect(fileText(one)).toBe('{\n  "a": [],\n  "b": {\n    "c": 2,\n    "d": 1\n  }\n}\n')
    expect(filesDigest(files({ f: one }))).not.toBe(filesDigest(files({ g: one })))
  })

  test('paths are a folder and a name, and nothing that leads elsewhere', () => {
    expect(partsOfPath('deals/a.b.json')).toEqual({ folder: 'deals', id: 'a.b' })
    for (const path of ['deals', 'deals/a', '../a.json', 'deals/a/b.json', '/a.json', '__proto__'])
      expect([path, partsOfPath(path)]).toEqual([path, undefined])
  })
})

describe('a staged catalog', () => {
  const base = CatalogSnapshot.of({
    version: 7,
    records: [
      { kind: 'k', id: 'a', version: 3, value: { n: 1 } },
      { kind: 'k', id: 'b', version: 7, value: { n: 2 } },
    ],
  })
  const staged = () => new StagedCatalog(base, async () => 1)

  test('sees its own writes, and comes down to one write from the base', async () => {
    const catalog = staged()
    await catalog.write([{ kind: 'k', id: 'a', value: { n: 5 }, expect: 3 }])
    await catalog.write([{ kind: 'k', id: 'a', value: { n: 6 }, expect: 8 }])
    await catalog.write([{ kind: 'k', id: 'b', value: null }])
    await catalog.write([{ kind: 'k', id: 'c', value: {}, expect: 0 }])
    expect(catalog.current().kind('k').get('a')!.value).toEqual({ n: 6 })
    expect(catalog.writes()).toEqual([
      { kind: 'k', id: 'a', value: { n: 6 }, expect: 3 },
      { kind: 'k', id: 'b', value: null, expect: 7 },
      { kind: 'k', id: 'c', value: {}, expect: 0 },
    ])
    expect(base.kind('k').get('a')!.value).toEqual({ n: 1 })
  })

  test('what came and went, or is as it was, is no write', async () => {
    const catalog = staged()
    await catalog.write([{ kind: 'k', id: 'a', value: { n: 9 } }])
    await catalog.write([{ kind: 'k', id: 'a', value: { n: 1 } }])
    await catalog.write([{ kind: 'k', id: 'new', value: {} }])
    await catalog.write([{ kind: 'k', id: 'new', value: null }])
    expect(catalog.writes()).toEqual([])
  })

  test('keeps the promise of optimistic locking: all of a write or none', async () => {
    const catalog = staged()
    const write = catalog.write([
      { kind: 'k', id: 'new', value: {} },
      { kind: 'k', id: 'a', value: {}, expect: 2 },
    ])
    await expect(write).rejects.toBeInstanceOf(CatalogConflict)
    expect(catalog.writes()).toEqual([])
  })
})
