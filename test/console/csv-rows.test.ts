import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvRows } from '../../console/imports/csv-rows.ts'
import { LIMITS } from '../../console/limits.ts'

async function* inChunks(bytes: Uint8Array, size = bytes.length || 1) {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

async function read(file: string | Uint8Array, size?: number) {
  const rows = []
  const bytes = typeof file === 'string' ? Buffer.from(file) : file
  for await (const some of csvRows(inChunks(bytes, size))) rows.push(...some)
  return rows
}
const cellsOf = async (file: string | Uint8Array, size?: number) =>
  (await read(file, size)).map(({ cells }) => cells)

/** Cells as people write them, and as they should not; without blanks at the beginning, which are passed over. */
const cell = fc
  .array(fc.constantFrom('a', 'é', '"', ',', ';', '\t', '\n', '\r\n', ' ', '漢', '😀', "'"), {
    maxLength: 6,
  })
  .map((parts) => parts.join('').trimStart())

describe('the rows of a CSV file', () => {
  test('are what was written, whatever separates, ends and quotes them, and however the bytes come', async () => {
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }),
      )
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom(',', ';', '\t'),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.integer({ min: 1, max: 30 }),
        async (rows, delimiter, record_delimiter, bom, size) => {
          const header = (rows[0] ?? ['', '']).map((_, i) => `c${i}`)
          const all = [header, ...rows]
          const quoted = { quoted: true, quoted_empty: true }
          const file = stringify(all, { delimiter, record_delimiter, bom, ...quoted })
          expect(await cellsOf(file, size)).toEqual(all)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('may be without quotes, without an end of the last line, and with blank lines between', async () => {
    expect(await cellsOf('a;b\r\n1;2\r\n\r\n3;"4;5"')).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['3', '4;5'],
    ])
    expect(await cellsOf('a,b\r1,2\r')).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ])
    expect(await cellsOf('only\nu1\n')).toEqual([['only'], ['u1']])
    expect(await cellsOf('')).toEqual([])
  })

  test('keep a quote in the middle of a cell, as of 5" nails', async () => {
    expect(await cellsOf('a,b\n5" nails,x\n')).toEqual([
      ['a', 'b'],
      ['5" nails', 'x'],
    ])
  })

  test('are numbered by the line on which they end', async () => {
    const rows = await read('\ufeffa,b\n1,"x\ny"\n\n2,z\n')
    expect(rows.map(({ number }) => number)).toEqual([1, 3, 5])
    const windows = await read('a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n')
    expect(windows.map(({ number }) => number)).toEqual([1, 3, 5])
  })

  test('end with what to mend where a quote is never closed, and are no UTF-16', async () => {
    await expect(read('a,b\n1,"2\n3,4\n')).rejects.toMatchObject({
      problems: [{ reason: expect.stringContaining('within a quote that is not closed') }],
    })
    const long = `a,b\n1,"${'x'.repeat(2 * LIMITS.lineBytesMax)}"\n`
    await expect(read(long)).rejects.toMatchObject({
      problems: [{ reason: expect.stringContaining('line 2') }],
    })
    for (const utf16 of ['\ufeffa;b\n', 'a;b\n'])
      await expect(read(Buffer.from(utf16, 'utf16le'))).rejects.toMatchObject({
        problems: [{ reason: expect.stringContaining('UTF-16') }],
      })
  })

  test('are not looked for in the own file of a spreadsheet', async () => {
    for (const mark of ['PK\x03\x04', '\xd0\xcf\x11\xe0'])
      await expect(read(Buffer.from(`${mark}\x14\n\n`, 'latin1'))).rejects.toMatchObject({
        problems: [{ reason: expect.stringContaining('save it as CSV') }],
      })
  })

  test('begin after a line that says what separates cells', async () => {
    for (const [said, ends] of [
      ['sep=;', '\r\n'],
      ['\ufeffsep=;', '\n'],
      ['"sep=;"', '\r\n'],
    ]) {
      const rows = await read(`${said}${ends}a;b,c,d${ends}1;2,5${ends}`)
      expect(rows.map(({ cells, number }) => [number, ...cells])).toEqual([
        [2, 'a', 'b,c,d'],
        [3, '1', '2,5'],
      ])
    }
  })
})
