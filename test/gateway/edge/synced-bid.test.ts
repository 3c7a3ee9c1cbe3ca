import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Usage } from '../../../exchange/usage/usage.ts'
import { type Gateway, openGateway } from '../../../gateway/gateway.ts'
import { Metrics } from '../../../gateway/metrics/counters.ts'
import { EdgeHouse, imageSync, OPERATOR } from '../../support/edge-house.ts'
import { MemoryLedger } from '../../support/memory-ledger.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'

// From a browser's syncs to the buyer's own id in the next bid request, over the real doors.

describe.each(['embedded', 'redis'] as const)('over %s', (kind) => {
  let redis: RedisServer | undefined
  let house: EdgeHouse
  let gateway: Gateway
  let usage: Usage
  let key: string

  beforeAll(async () => {
    if (kind === 'redis') redis = await startRedisServer()
    house = await EdgeHouse.open(redis ? { address: redis.url } : {})
    await house.partners({
      ssp: { roles: ['ssp'], ...imageSync() },
      dmp: { roles: ['dmp'] },
      dsp: { domain: 'dsp.example', exchange: 'ssp', ...imageSync() },
    })
    const { desk } = house.exchange
    const segment = { name: 's', owner: 'dmp', provenance: 'third_party', ttlDays: 3 }
    await desk.putSegment(OPERATOR, { id: 's', body: segment })
    const contract = {
      ...{
        seller: 'dmp',
        buyer: 'dsp',
        segments: ['s'],
        uses: ['identity'],
        status: 'active',
        billOn: 'delivered',
      },
      ...{ price: { kind: 'free' }, startsAt: '2020-01-01', endsAt: '2099-01-01' },
    }
    await desk.putContract(OPERATOR, { id: 'one', body: contract })
    key = (await desk.createKey(OPERATOR, { partner: 'dsp', body: {} })).key
    const { audience, exchange, clock } = house
    const deriveKey = audience.deriveKey.bind(audience)
    usage = new Usage({ ledger: new MemoryLedger(), clock, deriveKey })
    gateway = await openGateway({
      ...{ host: '127.0.0.1', port: 0, audience, exchange, usage, clock },
      ...{ gvl: undefined, ownGvlId: undefined, domain: 'gateway.example' },
      ...{ metrics: new Metrics(), healthRoutes: [], warn: () => {} },
      egress: { isOpen: () => true, note() {} },
      matchCounts: { bid() {} },
    })
  })
  afterAll(async () => {
    await gateway.close(100)
    await usage.close()
    await house.close()
    await redis?.stop()
  })

  /** `user` of the answer, and why nothing was added: never that a busy machine's store was late. */
  async function bid(user: object): Promise<{ user: unknown; reason: string | null }> {
    await house.audience.poke()
    let told = await ask(user)
    while (told.reason === 'late') told = await ask(user)
    return told
  }

  async function ask(user: object): Promise<{ user: unknown; reason: string | null }> {
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/openrtb2/enrich`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ id: '1', tmax: 2_000, user }),
    })
    const body = (await answer.json()) as { user: unknown }
    return { user: body.user, reason: answer.headers.get('x-passerelle-reason') }
  }

  test('the next request with the exchange’s id has the buyer’s id of this browser', async () => {
    const browser = house.browser()
    await browser.sync('ssp', 'X-1')
    expect((await bid({ id: 'X-1' })).user).toEqual({ id: 'X-1' })
    await browser.sync('dsp', 'D-1')
    const eid = {
      ...{ inserter: 'gateway.example', source: 'dsp.example', matcher: 'gateway.example', mm: 2 },
      uids: [{ id: 'D-1' }],
    }
    const told = { id: 'X-1', eids: [eid], buyeruid: 'D-1' }
    expect((await bid({ id: 'X-1' })).user).toEqual(told)
    // From the near-cache, too.
    expect((await bid({ id: 'X-1' })).user).toEqual(told)
  })

  test('another browser’s id is not told, and nothing after an opt-out', async () => {
    const [browser, other] = [house.browser(), house.browser()]
    await browser.sync('ssp', 'X-2')
    await other.sync('dsp', 'D-3')
    expect((await bid({ id: 'X-2' })).user).toEqual({ id: 'X-2' })
    await browser.sync('dsp', 'D-2')
    expect((await bid({ id: 'X-2' })).user).toMatchObject({ buyeruid: 'D-2' })
    await browser.ask('GET', '/optout')
    expect(await bid({ id: 'X-2' })).toEqual({ user: { id: 'X-2' }, reason: 'opted_out' })
  })

  test('an id of the exchange that two browsers share tells of neither', async () => {
    const [one, two] = [house.browser(), house.browser()]
    for (const browser of [one, two]) await browser.sync('ssp', 'X-shared')
    await one.sync('dsp', 'D-one')
    expect((await bid({ id: 'X-shared' })).user).toMatchObject({ buyeruid: 'D-one' })
    await two.sync('dsp', 'D-two')
    expect((await bid({ id: 'X-shared' })).user).toEqual({ id: 'X-shared' })
  })
})
