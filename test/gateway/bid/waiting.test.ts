import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeTcString } from '../../../bench/tc-string.ts'
import { ENRICH_JSON } from '../../../gateway/bid/enrich-wire.ts'
import { AUGMENT } from '../../../gateway/dropin/augment-wire.ts'
import { OPTABLE } from '../../../gateway/dropin/optable-wire.ts'
import { messageField } from '../../../proto/message-fields.ts'
import { BidHouse } from '../../support/bid-house.ts'
import { askOf, heldBid } from '../../support/held-bid.ts'
import { encodeJson, ownType } from '../../support/openrtb-message.ts'
import { patiently } from '../../support/patiently.ts'
import { requestOf, saleWorld } from '../../support/sale-world.ts'

// Requests that wait for the store, while the bytes they came in are taken back, or hold another request by then.

const [BUYER, PROVIDER] = [32, 21]
const consent = writeTcString({
  createdDay: 20_600,
  vendorsMax: 700,
  has: (vendor) => vendor === BUYER || vendor === PROVIDER,
})

let house: BidHouse

beforeAll(async () => {
  house = await BidHouse.open()
  const { dsp, dmp, ...partners } = saleWorld.partners
  const asked = { dsp: { ...dsp, gvlId: BUYER }, dmp: { ...dmp, gvlId: PROVIDER } }
  await house.settle({ ...saleWorld, partners: { ...partners, ...asked } as typeof partners })
})
afterAll(() => house.close())

test.each([
  ['', ENRICH_JSON, (request: string) => Buffer.from(request)],
  [
    ', in a message within another',
    AUGMENT,
    (request: string) => messageField(1, encodeJson(ownType(), JSON.parse(request))),
  ],
])('a provider that the person allowed is allowed after the wait, too%s', async (...given) => {
  const [, wire, written] = given
  const { handle, answer, sent, found } = heldBid(house, { isStoreSlow: true, wire })
  const request = requestOf('counted', { tmax: 60_000, regs: { gdpr: 1 } })
  const user = { buyeruid: 'counted', consent }
  const lent = written(JSON.stringify({ ...JSON.parse(request), user }))
  const key = house.keys.get('dsp')!
  const ask = askOf('', key)
  const headers = wire === AUGMENT ? [key, ''] : ask.headers
  handle({ ...ask, headers, body: lent, keepBody: () => Uint8Array.from(lent) }, answer)
  lent.fill(0)
  found()
  await patiently(() => expect(sent).toHaveLength(1))
  expect(sent[0]!.body).toContain(wire === AUGMENT ? 'counted' : '"name":"dmp.example"')
})

test('a query that waits is answered as its own, whatever was asked after it', async () => {
  const { handle, answer, sent, found } = heldBid(house, { isStoreSlow: true, wire: OPTABLE })
  const ask = (query: string) => {
    const headers = [`Bearer ${house.keys.get('dsp')!}`]
    handle({ ...askOf('', ''), method: 'GET', path: '/v2/targeting', headers, query }, answer)
  }
  ask(`id=c:counted&timeout=60000&gdpr=1&gdpr_consent=${consent}&country=FRA`)
  ask(`id=c:nobody&timeout=60000&gdpr=1&gdpr_consent=${consent.slice(0, 60)}&country=USA`)
  ask(`timeout=60000&gdpr=0&country=DEU&id=c:somebody-with-a-very-long-name`)
  found()
  await patiently(() => expect(sent).toHaveLength(3))
  const told = sent.filter(({ body }) => body.includes('"provider":"dmp.example"'))
  expect(told).toHaveLength(1)
  expect(sent.map(({ reason }) => reason ?? '').sort()).toEqual([
    '',
    'denied_tcf_unreadable',
    'stranger',
  ])
})
