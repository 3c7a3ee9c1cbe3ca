import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { prohibitedTopic } from '../../../exchange/taxonomy/prohibited-nodes.ts'
import { corpusPath } from '../../support/corpus.ts'

test('ranges hold their ends and nothing beyond', () => {
  const topic = (segtax: number, id: string) => prohibitedTopic({ segtax, id })
  expect(['285', '286', '323', '324'].map((id) => topic(6, id))).toEqual([
    undefined,
    'health',
    'health',
    undefined,
  ])
  expect(['IAB7-1', 'IAB7-45', 'IAB7-46'].map((id) => topic(1, id))).toEqual([
    'health',
    'health',
    undefined,
  ])
  expect(topic(3, '286')).toBeUndefined()
})

test('what a new edition adds below a topic is not for sale either, except below what is open', () => {
  const below = (id: string, ...above: string[]) => prohibitedTopic({ segtax: 4, id }, above)
  expect(below('9999', '1449', '1448', '9998')).toBe('health')
  expect(below('9999', '9998', '529')).toBe('politics')
  expect(below('9999', '532', '529')).toBeUndefined()
  expect(below('532', '529')).toBeUndefined()
  expect(below('9999', '243')).toBeUndefined()
})

const FILES: { file: string; segtax: number; roots: string[] }[] = [
  {
    file: 'Audience Taxonomy 1.1.tsv',
    segtax: 4,
    roots: [
      'Health and Medical Services',
      'Medical Health',
      'Pharmaceuticals, Conditions, and Symptoms',
      'Politics',
    ],
  },
  {
    file: 'Content Taxonomy 2.2.tsv',
    segtax: 6,
    roots: ['Medical Health', 'Religion & Spirituality'],
  },
  {
    file: 'Content Taxonomy 3.1.tsv',
    segtax: 9,
    roots: ['Medical Health', 'Religion & Spirituality'],
  },
]

/** Below a root by name, and not about what it is about: wars in the news. */
const OPEN: Readonly<Record<number, string[]>> = { 4: ['532'] }

for (const { file, segtax, roots } of FILES) {
  const path = corpusPath(`taxonomy/${file}`)
  if (path !== undefined)
    test(`nothing below ${roots.join(', ')} is for sale (${file})`, () => {
      const rows = readFileSync(path, 'utf8')
        .split('\r\n')
        .map((line) => line.split('\t'))
      // Audience files begin with an unnamed column.
      const idAt = segtax === 4 ? 1 : 0
      const below = rows.filter((cells) =>
        cells.slice(idAt + 3).some((cell) => roots.includes(cell.trim())),
      )
      const open = below
        .map((cells) => cells[idAt]!)
        .filter((id) => prohibitedTopic({ segtax, id }) === undefined)
      expect(below.length).toBeGreaterThan(40)
      expect(open).toEqual(OPEN[segtax] ?? [])
    })
}
