import { expect, test } from 'vitest'
import { csvOf } from '../../../console/api/csv.ts'

test('a table has a header line, and cells are quoted where they must be', () => {
  const rows = [
    { id: 'a', says: 'one, "two"\nthree', amount: -5, isLive: true, none: null },
    { id: 'b', says: 'plain', amount: 12.5, isLive: false, none: null },
  ]
  expect(csvOf(['id', 'says', 'amount', 'isLive', 'none'], rows)).toBe(
    'id,says,amount,isLive,none\r\na,"one, ""two""\nthree",-5,true,\r\nb,plain,12.5,false,\r\n',
  )
  expect(csvOf(['id'], [])).toBe('id\r\n')
})

test('a text that a spreadsheet would run is made harmless', () => {
  expect(csvOf(['name'], [{ name: '=HYPERLINK("http://x")' }])).toContain(`'=HYPERLINK`)
})
