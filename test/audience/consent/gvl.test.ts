import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadGvl } from '../../../audience/consent/gvl.ts'
import { Declared } from '../../../audience/consent/legal-basis.ts'
import { Refused } from '../../../audience/refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'passerelle-gvl-'))
afterAll(() => rmSync(folder, { recursive: true }))

const VENDOR = {
  id: 7,
  name: 'Seven',
  purposes: [1, 4],
  legIntPurposes: [2],
  flexiblePurposes: [2],
}

describe('a vendor list', () => {
  test('says what each vendor declared, in specification 2 and 3', async () => {
    for (const gvlSpecificationVersion of [2, 3]) {
      const gvl = await loadGvl(written({ gvlSpecificationVersion, vendors: { 7: VENDOR } }))
      expect([gvl.specification, gvl.version, gvl.vendors]).toEqual([
        gvlSpecificationVersion,
        12,
        1,
      ])
      expect(gvl.declared(7, 4)).toBe(Declared.consent)
      expect(gvl.declared(7, 2)).toBe(Declared.legitimateInterest | Declared.flexible)
      for (const [vendor, purpose] of [
        [7, 3],
        [6, 4],
        [8, 4],
        [65_535, 4],
      ] as const)
        expect(gvl.declared(vendor, purpose)).toBe(Declared.nothing)
    }
  })

  test('forgets a deleted vendor, also one whose day is still to come', async () => {
    const deleted = { ...VENDOR, deletedDate: '2999-01-01T00:00:00Z' }
    const gvl = await loadGvl(
      written({ vendors: { 7: deleted, 8: { ...VENDOR, id: 8, deletedDate: null } } }),
    )
    expect(gvl.declared(7, 4)).toBe(Declared.nothing)
    expect(gvl.declared(8, 4)).toBe(Declared.consent)
  })

  test.each([
    ['no JSON', '{"vendors":', 'is not JSON'],
    ['no list', '{}', 'vendors'],
    ['an old specification', text({ gvlSpecificationVersion: 1 }), 'gvlSpecificationVersion'],
    [
      'a purpose that is none',
      text({ vendors: { 7: { ...VENDOR, purposes: [99] } } }),
      'vendors.7.purposes',
    ],
    ['a vendor under another key', text({ vendors: { 8: VENDOR } }), 'vendors.8.id'],
  ])('with %s is refused, naming file and fault', async (_, content, fault) => {
    const path = join(folder, 'bad.json')
    writeFileSync(path, content)
    const refused = await loadGvl(path).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Refused)
    expect((refused as Refused).word).toBe('unprocessable')
    expect((refused as Refused).message).toContain(path)
    expect((refused as Refused).message).toContain(fault)
  })

  test('that is not there is refused, naming the file', async () => {
    await expect(loadGvl(join(folder, 'none.json'))).rejects.toThrow(/none\.json: cannot be read/)
  })
})

function text(change: object): string {
  return JSON.stringify({
    gvlSpecificationVersion: 3,
    vendorListVersion: 12,
    vendors: {},
    ...change,
  })
}

function written(change: object): string {
  const path = join(folder, 'list.json')
  writeFileSync(path, text(change))
  return path
}
