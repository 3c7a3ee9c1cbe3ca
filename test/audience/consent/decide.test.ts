import { describe, expect, test } from 'vitest'
import { Activities, type Activity } from '../../../audience/consent/activities.ts'
import { Gvl } from '../../../audience/consent/gvl.ts'
import type { ConsentAnswer } from '../../../audience/consent/reasons.ts'
import { type AskedOf, answerTo } from './support/facts.ts'
import { type TcModel, tcText } from './support/tc-writer.ts'

const OURS = 900
const GIVEN: TcModel = {
  purposes: [1, 2, 3, 4, 7],
  li: [2, 7],
  vendors: [32, 33, OURS],
  liVendors: [32, 33],
  disclosed: [32, 33, 34, OURS],
}

/** Vendors as a list registers them: consent for 4 or not, flexible or not, LI, deleted. */
const GVL = new Gvl({
  gvlSpecificationVersion: 3,
  vendorListVersion: 17,
  vendors: {
    32: { id: 32, purposes: [1, 3, 4], legIntPurposes: [2, 7], flexiblePurposes: [] },
    33: { id: 33, purposes: [1, 4], legIntPurposes: [2], flexiblePurposes: [2, 4] },
    34: { id: 34, purposes: [1, 2], legIntPurposes: [], flexiblePurposes: [2] },
    35: { id: 35, purposes: [4], legIntPurposes: [], deletedDate: '2023-01-01T00:00:00Z' },
    36: { id: 36, purposes: [1], legIntPurposes: [4], flexiblePurposes: [4] },
  },
})

describe('under the GDPR', () => {
  test.each<[string, TcModel, AskedOf, ConsentAnswer]>([
    ['purpose and vendor allowed', {}, {}, 0],
    ['purpose 4 not allowed', { purposes: [1, 2, 3] }, {}, 'denied_tcf_purpose'],
    ['purpose 4 by legitimate interest', { purposes: [1], li: [4] }, {}, 'denied_tcf_purpose'],
    ['vendor not allowed', { vendors: [33] }, {}, 'denied_tcf_vendor'],
    ['vendor allowed in a range', { vendors: { maxId: 40, ranges: [[30, 40]] } }, {}, 0],
    [
      'vendor beside the ranges',
      {
        vendors: {
          maxId: 50,
          ranges: [
            [1, 31],
            [33, 50],
          ],
        },
      },
      {},
      'denied_tcf_vendor',
    ],
    ['a partner without a vendor id', {}, { gvlId: undefined }, 'denied_tcf_no_gvl_id'],
    ['our own vendor allowed too', {}, { ownGvlId: OURS }, 0],
    ['our own vendor not allowed', {}, { ownGvlId: 901 }, 'denied_tcf_not_disclosed'],
    ['not disclosed, 2.3', { disclosed: [33] }, {}, 'denied_tcf_not_disclosed'],
    ['no disclosed segment, 2.3', noDisclosed(), {}, 'denied_tcf_not_disclosed'],
    ['no disclosed segment, 2.2', { ...noDisclosed(), ...madeOn('2026-02-28', 4) }, {}, 0],
    [
      'no disclosed segment, 2.2 after 1 March 2026',
      { ...noDisclosed(), ...madeOn('2026-03-01', 4) },
      {},
      'denied_tcf_not_disclosed',
    ],
    [
      'made before and updated after 1 March 2026',
      { ...noDisclosed(), policy: 4, created: '2025-01-01', lastUpdated: '2026-03-01' },
      {},
      'denied_tcf_not_disclosed',
    ],
    ['not service specific, 2.3', { isServiceSpecific: false }, {}, 'denied_tcf_global_scope'],
    ['not service specific, 2.2', { isServiceSpecific: false, ...madeOn('2025-06-01', 4) }, {}, 0],
    ['policy 2, made in time', madeOn('2023-09-29', 2), {}, 0],
    ['policy 2, made too late', madeOn('2023-10-01', 2), {}, 'denied_tcf_outdated'],
    ['forbidden by the publisher', restricted(4, 0), {}, 'denied_tcf_restricted'],
    ['forbidden to another vendor', restricted(4, 0, 31), {}, 0],
    ['forbidden for another purpose', restricted(3, 0), {}, 0],
    ['consent required, and registered', restricted(4, 1), {}, 0],
    ['legitimate interest required', restricted(4, 2), {}, 'denied_tcf_restricted'],
    [
      'legitimate interest required of a flexible vendor: not for this purpose',
      restricted(4, 2, 33),
      { gvlId: 33, gvl: GVL },
      'denied_tcf_legitimate_interest',
    ],
    ['a restriction type that is not used', restricted(4, 3), {}, 0],
    [
      'contradicting restrictions',
      { restrictions: [restriction(4, 1), restriction(4, 2)] },
      {},
      'denied_tcf_restricted',
    ],
    ['registered for consent', {}, { gvl: GVL }, 0],
    ['registered for other purposes', {}, { gvl: GVL, gvlId: 34 }, 'denied_tcf_unregistered'],
    ['deleted', {}, { gvl: GVL, gvlId: 35 }, 'denied_tcf_not_disclosed'],
    [
      'deleted, disclosed',
      { disclosed: [35], vendors: [35] },
      { gvl: GVL, gvlId: 35 },
      'denied_tcf_unregistered',
    ],
    [
      'beyond the list',
      { disclosed: { maxId: 65_000, ranges: [[65_000, 65_000]] } },
      { gvl: GVL, gvlId: 65_000 },
      'denied_tcf_unregistered',
    ],
    [
      'registered for purpose 4 by legitimate interest',
      { disclosed: [36], vendors: [36], liVendors: [36], li: [4] },
      { gvl: GVL, gvlId: 36 },
      'denied_tcf_legitimate_interest',
    ],
    [
      'the same, with consent required and given',
      { disclosed: [36], vendors: [36], ...restricted(4, 1, 36) },
      { gvl: GVL, gvlId: 36 },
      0,
    ],
  ])('%s', (_, model, asked, answer) => {
    const consent = tcText({ ...GIVEN, ...model })
    expect(answerTo({ regs: { gdpr: 1 }, user: { consent } }, asked)).toBe(answer)
  })
})

describe('an activity', () => {
  test('asks for each of its purposes', () => {
    for (const activity of Object.keys(Activities) as Activity[]) {
      const { purposes } = Activities[activity]
      expect(under({ purposes: [...purposes] }, activity)).toBe(0)
      for (const left of purposes) {
        const rest = [...Array.from({ length: 24 }, (_, i) => i + 1)].filter((p) => p !== left)
        expect(under({ purposes: rest }, activity), `${activity} ${left}`).toBe(
          'denied_tcf_purpose',
        )
      }
    }
  })

  test('enriching is purpose 4, as the contract with clients says', () => {
    expect(Activities.enrich.purposes).toEqual([4])
  })

  test('follows its US rule: sensitive data stops using a profile, not syncing an id', () => {
    const regs = { gpp: 'DBABLA~CVVqQAAAAABA.QA', gpp_sid: [7] }
    for (const activity of Object.keys(Activities) as Activity[])
      expect(answerTo({ regs }, { activity }), activity).toBe(
        activity === 'sync' ? 0 : 'denied_gpp_sensitive',
      )
  })

  test('is denied by what denies everything', () => {
    for (const activity of Object.keys(Activities) as Activity[])
      expect(answerTo({ regs: { coppa: 1 } }, { activity })).toBe('denied_coppa')
  })
})

function under(model: TcModel, activity: Activity): ConsentAnswer {
  const consent = tcText({ ...GIVEN, ...model })
  return answerTo({ regs: { gdpr: 1 }, user: { consent } }, { activity })
}

function madeOn(date: string, policy: number): TcModel {
  return { created: date, lastUpdated: date, policy }
}

function restricted(purpose: number, type: number, vendor = 32): TcModel {
  return { restrictions: [restriction(purpose, type, vendor)] }
}

function restriction(purpose: number, type: number, vendor = 32) {
  return { purpose, type, ranges: [[vendor, vendor]] as [number, number][] }
}

function noDisclosed(): TcModel {
  return { disclosed: undefined } as unknown as TcModel
}
