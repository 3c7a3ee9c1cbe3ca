import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeHouse, imageSync, OPERATOR } from '../../support/edge-house.ts'
import { type MintOptions, mintToken, RAW_ID, TOKEN_KEYS } from '../../support/mint-token.ts'

const RAW = RAW_ID.toString('base64')

let house: EdgeHouse
beforeAll(async () => {
  house = await EdgeHouse.open()
  await house.partners({ 'south-dsp': imageSync() })
  const { desk } = house.exchange
  const body = { kind: 'eid', resolver: 'uid2' }
  await desk.putNamespace(OPERATOR, { name: 'uidapi.com', body })
  const derive = (label: string, bytes: number) => house.audience.deriveKey(label, bytes)!
  await desk.putTokenKeys(OPERATOR, { name: 'uidapi.com', body: TOKEN_KEYS, derive })
  const a = { namespace: house.exchange.catalog()!.eidNamespaces.get('uidapi.com')!, value: RAW }
  const b = { namespace: house.namespace('south-dsp'), value: 'S' }
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: 60_000 }
  await house.audience.link([{ a, b, owner: 0, method: 3, ...days }])
})
afterAll(() => house.close())

/** Why south-dsp is not asked, where a page gives this token; undefined where it is. */
async function whyNot(more: Partial<MintOptions> = {}): Promise<string | undefined> {
  const id = mintToken({ expiresMs: house.clock.now() + 3_600_000, ...more })
  const eids = [{ source: 'uidapi.com', uids: [{ id }] }]
  const { bidder_status, reasons } = await house.browser().plan({ eids, debug: true })
  expect(bidder_status.length).toBe(reasons?.length === 0 ? 1 : 0)
  return reasons?.find(({ bidder }) => bidder === 'south-dsp')?.reason
}

test('a partner that knows the person by the token a page gives is not asked in vain', async () => {
  expect(await whyNot()).toBe('matched_by_eid')
})

test('a token that is bad, foreign or expired says nothing, and is no error', async () => {
  expect(await whyNot({ masterKey: 1 })).toBeUndefined()
  expect(await whyNot({ scope: 'euid' })).toBeUndefined()
  expect(await whyNot({ expiresMs: house.clock.now() })).toBeUndefined()
  expect(await whyNot({ privacyBits: 2 })).toBeUndefined()
})
