import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Activity } from '../../../audience/consent/activities.ts'
import { Gvl, type VendorListFile } from '../../../audience/consent/gvl.ts'
import { answerTo } from './support/facts.ts'
import { type TcModel, tcText } from './support/tc-writer.ts'

// Golden cases an ad-ops person can read: test/cases/consent. `"$name"` stands for the TC string of that name.

interface Case {
  title: string
  tcStrings?: Record<string, TcModel>
  vendorList?: VendorListFile['vendors']
  request: object
  ask: { activity: Activity; vendor?: number; gdprDefault?: 0 | 1 }
  answer: string
}

const folder = join(import.meta.dirname, '../../cases/consent/exemplary')
const cases = readdirSync(folder)
  .sort()
  .map((name): Case => JSON.parse(readFileSync(join(folder, name), 'utf8')))

describe('consent, by example', () => {
  test.each(cases.map((one) => [one.title, one] as const))('%s', (_, one) => {
    const { vendor, ...ask } = one.ask
    const gvl = one.vendorList && listOf(one.vendorList)
    const answer = answerTo(filled(one), { ...ask, gvlId: vendor, ...(gvl ? { gvl } : {}) })
    expect(answer === 0 ? 'allowed' : answer).toBe(one.answer)
  })
})

function filled(one: Case): object {
  const text = JSON.stringify(one.request).replace(/"\$(\w+)"/g, (_, name: string) =>
    JSON.stringify(tcText(one.tcStrings![name]!)),
  )
  return JSON.parse(text)
}

function listOf(vendors: VendorListFile['vendors']): Gvl {
  return new Gvl({ gvlSpecificationVersion: 3, vendorListVersion: 1, vendors })
}
