import { expect, test } from 'vitest'
import { forBids } from '../../exchange/for-bids.ts'
import { WHOLE_LABEL } from '../support/whole-label.ts'

const record = (kind: string, value: unknown) => ({ kind, id: 'x', version: 3, value })

test('a bid process holds segments without what their labels say, and nothing of the desk’s', () => {
  const plain = record('segment', { name: 'cars', number: 7 })
  const labelled = record('segment', { name: 'cars', label: WHOLE_LABEL, number: 7 })
  expect(forBids(labelled)).toEqual(plain)
  expect(forBids(plain)).toBe(plain)
  const gone = record('segment', null)
  expect(forBids(gone)).toBe(gone)
  const contract = record('contract', { label: 'a field of that name' })
  expect(forBids(contract)).toBe(contract)
  for (const kind of ['taxonomy', 'segment_refresh', 'label_signature', 'statement'])
    expect(forBids(record(kind, {}))).toBeUndefined()
})
