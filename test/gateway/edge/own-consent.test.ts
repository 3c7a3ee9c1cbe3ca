import { afterAll, beforeAll, expect, test } from 'vitest'
import { Gvl } from '../../../audience/consent/gvl.ts'
import { type TcModel, tcText } from '../../audience/consent/support/tc-writer.ts'
import { EdgeHouse, imageSync } from '../../support/edge-house.ts'
import { meet, stateFor } from '../../support/sync-world.ts'

// Both ends: where we are a vendor ourselves, our own basis is asked beside each partner's.

const US = 42
let house: EdgeHouse

beforeAll(async () => {
  const vendor = (id: number, purposes: number[]) => ({
    id,
    purposes,
    legIntPurposes: [],
    flexiblePurposes: [],
  })
  const vendors = { '7': vendor(7, [1, 4]), '8': vendor(8, [4]), '42': vendor(US, [1, 3]) }
  const gvl = new Gvl({ gvlSpecificationVersion: 3, vendorListVersion: 17, vendors })
  house = await EdgeHouse.open({ gvl, ownGvlId: US })
  await house.partners({
    seven: { ...imageSync(), gvlId: 7 },
    eight: { ...imageSync(), gvlId: 8 },
    nine: { ...imageSync(), gvlId: 9 },
  })
})
afterAll(async () => {
  await house.close()
  expect(house.failures).toEqual([])
})

async function plan(tc: Partial<TcModel>) {
  const all = { purposes: [1, 3, 4], vendors: [7, 8, 9, US], disclosed: [7, 8, 9, US] }
  const body = JSON.stringify({ gdpr: 1, gdpr_consent: tcText({ ...all, ...tc }), debug: true })
  const answer = await house.browser().ask('POST', '/cookie_sync', { body })
  const { bidder_status, reasons } = JSON.parse(answer.body.toString())
  return {
    status: answer.status,
    bidders: bidder_status.map((one: { bidder: string }) => one.bidder),
    details: Object.fromEntries(
      reasons.map((one: Record<string, string>) => [one['bidder'], one['detail']]),
    ),
    hasCookie: answer.headers['set-cookie'] !== undefined,
  }
}

test('who has consent, and registered for storing ids, is synced', async () => {
  expect(await plan({})).toEqual({
    status: 200,
    bidders: ['seven'],
    details: { eight: 'denied_tcf_unregistered', nine: 'denied_tcf_unregistered' },
    hasCookie: true,
  })
})

test.each([
  ['consent', { vendors: [7, 8, 9] }, 'denied_tcf_vendor'],
  ['disclosure', { disclosed: [7, 8, 9] }, 'denied_tcf_not_disclosed'],
  [
    'the publisher’s leave',
    { restrictions: [{ purpose: 1, type: 0, ranges: [[US, US]] }] },
    'denied_tcf_restricted',
  ],
] as [string, Partial<TcModel>, string][])(
  'without our own %s nobody is synced, and no cookie is set',
  async (_, tc, reason) => {
    const got = await plan(tc)
    expect(got).toMatchObject({
      status: 200,
      bidders: [],
      details: { seven: reason },
      hasCookie: false,
    })
  },
)

test('and no id is taken', async () => {
  const browser = house.browser()
  await meet(browser)
  const s = stateFor(house, browser, house.sync.rooms()!.syncers.find('seven')!)
  const consent = tcText({ purposes: [1], vendors: [7], disclosed: [7, US] })
  const answer = await browser.ask(
    'GET',
    `/setuid?bidder=seven&uid=1&s=${s}&gdpr=1&gdpr_consent=${consent}`,
  )
  expect(answer.status).toBe(451)
  expect(await house.matched('seven', ['1'])).toEqual([])
})
