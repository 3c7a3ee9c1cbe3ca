import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../exchange/taxonomy/limits.ts'
import { readTaxonomy, type TaxonomyFile } from '../../../exchange/taxonomy/read-taxonomy.ts'
import { corpusPath } from '../../support/corpus.ts'

const caseText = (name: string) =>
  readFileSync(new URL(`../../cases/taxonomy/${name}`, import.meta.url), 'utf8')

function good(text: string): TaxonomyFile {
  const file = readTaxonomy(text)
  if ('problems' in file) throw new Error(JSON.stringify(file.problems))
  return file
}

function bad(text: string): string[] {
  const file = readTaxonomy(text)
  return 'problems' in file ? file.problems.map(({ field, reason }) => `${field}: ${reason}`) : []
}

/** `id > path`, in order. */
const told = ({ nodes }: TaxonomyFile) =>
  nodes.map(({ id, path }) => `${id ?? '-'} ${path.join(' > ')}`)

describe('an audience file', () => {
  const file = good(caseText('audience.tsv'))

  test('becomes the tree its tiers tell of, with a node for what no row stands for', () => {
    expect(told(file)).toEqual([
      '1 Orchard',
      '2 Orchard > Apples',
      '3 Orchard > Apples > Red',
      '4 Orchard > Apples > Red > Early',
      '5 Orchard > Apples > Red > Late',
      '6 Orchard > Pears',
      '- Orchard > Pears > Winter Pears',
      '7 Orchard > Pears > Winter Pears > Long',
      '8 Orchard > Pears > Winter Pears > Round',
      '9 Meadow*',
      '10 Meadow* > Herbs, "wild"',
      '11 Meadow* > Herbs, "wild"',
      '12 Meadow* > Hay',
    ])
  })

  test('names exactly the rows whose parent disagrees, and what it is by the tiers', () => {
    expect(file.parentDisagrees).toEqual([
      { line: 5, id: '4', says: '2', is: '3' },
      { line: 7, id: '6', says: '2', is: '1' },
      { line: 8, id: '7', says: '6', is: null },
      { line: 9, id: '8', says: '6', is: null },
      { line: 10, id: '9', says: '8', is: null },
      { line: 13, id: '12', says: '99', is: '9' },
    ])
    expect(file.twins).toEqual([{ line: 12, id: '11', like: '10' }])
  })

  test('reads the same after a spreadsheet saved it: quotes, a byte order mark, LF, cut ends of lines', () => {
    const saved = caseText('audience.tsv')
      .split('\r\n')
      .map((line) =>
        line
          .replace(/\t+$/, '')
          .split('\t')
          .map((cell) => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
          .join('\t'),
      )
      .join('\n')
    expect(good(`\uFEFF${saved}`)).toEqual(file)
  })
})

test('a content file has two lines of header, and rows whose tiers end with their parent', () => {
  const file = good(caseText('content.tsv'))
  expect(told(file)).toEqual([
    'k1 Weather',
    'k2 Weather > Storms',
    'k3 Weather > Storms > Hail',
    'k4 Weather > Storms > Rare Hail',
    'k5 Touchy Subjects',
    'k6 Touchy Subjects > Broken Umbrellas',
    'k7 Touchy Subjects > Wet Feet',
  ])
  expect(file.parentDisagrees).toEqual([{ line: 6, id: 'k4', says: 'k1', is: 'k2' }])
})

describe('a file that is none', () => {
  const header = 'Unique ID\tParent\tTier 1\tTier 2\tTier 3'
  const row = (...cells: string[]) => `${header}\n1\t\tA\n${cells.join('\t')}`

  test.each([
    ['', /^: none of the first 5 lines names the columns Unique ID and Tier 1/],
    ['<html>\n<body>', /none of the first 5 lines/],
    ['Unique ID,Parent,Tier 1\n1,,A', /with tabs between/],
    [`${header}\n\t\t\t\n\n`, /^: the file has a header and no rows/],
    [row('', '1', 'A', 'B'), /^line 3 Unique ID: is empty/],
    [row('1', '1', 'A', 'B'), /^line 3 Unique ID: 1 stands in line 2 already/],
    [row('2', '1'), /^line 3 Tier 1: is empty: no tier/],
    [row('2', '1', 'A', '', 'C'), /^line 3 Tier 2: is empty, and Tier 3 is not/],
    [row('2', '1', '', 'B'), /^line 3 Tier 1: is empty, and Tier 2 is not/],
    [row('2', '1', 'A', 'B', 'C', '', 'x'), /^line 3: has a cell 7, and the header names 5/],
    [row('2', '1', 'A', 'b'.repeat(256)), /^line 3 Tier 2: is longer than 255 characters/],
    [row('2'.repeat(129), '1', 'A'), /^line 3 Unique ID: is longer than 128 characters/],
    [row('2', '1', 'A', 'B\u0007'), /^line 3 Tier 2: holds control characters/],
  ])('is refused with the line, the column and the reason (%#)', (text, reason) => {
    expect(bad(text)).toEqual([expect.stringMatching(reason)])
  })

  test('has every bad row named at once', () => {
    const text = `${header}\n\t\tA\n7\t\t\n7\t\tB\n8\t\t\t\tC`
    expect(bad(text).map((one) => one.split(':')[0])).toEqual([
      'line 2 Unique ID',
      'line 3 Tier 1',
      'line 4 Unique ID',
      'line 5 Tier 1',
      'line 5 Tier 2',
    ])
  })

  test('has more nodes than a taxonomy may', () => {
    const rows = Array.from({ length: LIMITS.nodesMax + 1 }, (_, i) => `${i}\t\tA${i}`)
    expect(bad([header, ...rows].join('\n'))).toEqual([`: has 20001 nodes, over 20000`])
  })
})

/** A tree as [name, children], told once by rows in any order. */
test('a file written from a tree gives that tree again, whatever its parents and the order of its rows', () => {
  const name = fc.stringMatching(/^[a-z]{1,6}$/)
  const paths = fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 5 }), {
    selector: (path) => path.join('/'),
    minLength: 1,
    maxLength: 40,
  })
  const sometimes = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 })
  fc.assert(
    fc.property(paths, sometimes, (given, wrong) => {
      const idOf = new Map(given.map((path, i) => [path.join('/'), `n${i}`]))
      const rows = given.map((path, i) => {
        const above = idOf.get(path.slice(0, -1).join('/')) ?? ''
        return [`n${i}`, wrong[i] ? `${above}x` : above, ...path].join('\t')
      })
      const header = ['Unique ID', 'Parent', 1, 2, 3, 4, 5].map((one) =>
        typeof one === 'number' ? `Tier ${one}` : one,
      )
      const file = good([header.join('\t'), ...rows].join('\r\n'))
      const kept = file.nodes.filter(({ id }) => id !== null)
      expect(kept.map(({ id, path }) => [id, path])).toEqual(
        given.map((path, i) => [`n${i}`, path]),
      )
      const places = new Set(file.nodes.map(({ path }) => path.join('/')))
      expect(places.size).toBe(file.nodes.length)
      for (const { path } of file.nodes)
        for (let depth = 1; depth < path.length; depth++)
          expect(places).toContain(path.slice(0, depth).join('/'))
      const orphans = given.map((path) => path.length > 1 && !idOf.has(path.slice(0, -1).join('/')))
      const expected = given.flatMap((_, i) => (wrong[i] || orphans[i] ? [`n${i}`] : []))
      expect(file.parentDisagrees.map(({ id }) => id)).toEqual(expected)
    }),
  )
})

/** Real files, where this machine has them: what was found in them by hand and by another program. */
const REAL = [
  {
    file: 'Audience Taxonomy 1.1.tsv',
    nodes: 1558,
    disagree: '94 96 98 99 100 101 158 1172 1173 1174 1175 1176 1177 1178 1391 1392 1393',
    withoutRow: [
      'Purchase Intent* > Consumer Packaged Goods > Edible > Refrigerated > Refrigerated Meats',
    ],
    twins: [],
  },
  {
    file: 'Content Taxonomy 2.2.tsv',
    nodes: 1196,
    disagree: '497',
    withoutRow: [],
    twins: [{ line: 946, id: '1227', like: '1225' }],
  },
  {
    file: 'Content Taxonomy 3.1.tsv',
    nodes: 704,
    disagree: '376 497',
    withoutRow: [],
    twins: [],
  },
]

for (const { file: name, nodes, disagree, withoutRow, twins } of REAL) {
  const path = corpusPath(`taxonomy/${name}`)
  if (path === undefined) continue
  test(`${name} has ${disagree.split(' ').length} rows whose parent disagrees, and no bad one`, () => {
    const file = good(readFileSync(path, 'utf8'))
    expect(file.nodes.filter(({ id }) => id !== null)).toHaveLength(nodes)
    expect(file.parentDisagrees.map(({ id }) => id).join(' ')).toBe(disagree)
    const synthetic = file.nodes.filter(({ id }) => id === null)
    expect(synthetic.map((node) => node.path.join(' > '))).toEqual(withoutRow)
    expect(file.twins).toEqual(twins)
  })
}
