import type { EID } from 'iab-openrtb/v26'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NAMESPACE_KIND, type Namespace } from '../../../audience/namespace.ts'
import { ROW_WORDS } from '../../../exchange/egress/egress-meter.ts'
import { BidHouse, type EnrichOptions, type World } from '../../support/bid-house.ts'

// Examples of user.buyeruid and user.eids; told-ids-oracle.test.ts has the rules.

const partner = (roles: string[], gvlId?: number) => ({
  ...{ name: 'p', roles, region: 'US', domain: '' },
  ...(gvlId ? { gvlId } : {}),
})
const identity = (seller: string, buyer: string, more: object = {}) => ({
  ...{ seller, buyer, segments: [`${seller}-all`], uses: ['identity'], ...more },
})
const world: World = {
  partners: Object.fromEntries(
    Object.entries({
      ssp: partner(['ssp']),
      dmp: partner(['dmp'], 21),
      dsp: { ...partner(['dsp'], 32), exchange: 'ssp' },
      'dsp-won': { ...partner(['dsp'], 34), exchange: 'ssp' },
      'dsp-plain': { ...partner(['dsp'], 33), exchange: 'ssp' },
    }).map(([id, one]) => [id, { ...one, name: id, domain: `${id}.example` }]),
  ),
  namespaces: { 'pubcid.org': { kind: 'eid' }, 'own.example': { kind: 'eid', owner: 'ssp' } },
  segments: { 'dmp-all': { owner: 'dmp' }, 'dmp-cars': { owner: 'dmp' } },
  contracts: {
    told: identity('dmp', 'dsp', { uses: ['identity', 'bid_enrichment'] }),
    won: identity('dmp', 'dsp-won', { billOn: 'win' }),
    plain: identity('dmp', 'dsp-plain', { uses: ['bid_enrichment'] }),
  },
  people: [],
}

let house: BidHouse
beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(world)
  for (const dsp of ['dsp', 'dsp-won', 'dsp-plain']) await sync('browser-1', dsp, `${dsp}-1`)
  await sync('browser-1', 'ssp', 'seen-1')
  await sync('browser-2', 'ssp', 'seen-2')
  await link(['ssp', 'seen-2'], ['dsp', 'uploaded-2'])
  await link(['ssp', 'seen-1'], ['pubcid.org', 'pub-1'], 3)
  await link(['ssp', 'seen-1'], ['own.example', 'own-1'])
  await house.audience.poke()
})
afterAll(() => house.close())

function numberOf(namespace: string): number {
  const records = house.audience.feed.current()!.kind(NAMESPACE_KIND)
  return (records.get(namespace)!.value as Namespace).number
}

const FAR_DAY = 60_000

async function sync(browser: string, source: string, value: string): Promise<void> {
  const id = { namespace: numberOf(source), value }
  const rest = { browsersMax: Number.POSITIVE_INFINITY, mayReplace: () => true }
  await house.audience.bind({ browser, id, owner: 0, method: 2, expiryDay: FAR_DAY, ...rest })
}

async function link(a: [string, string], b: [string, string], method = 2): Promise<void> {
  const end = ([source, value]: [string, string]) => ({ namespace: numberOf(source), value })
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: FAR_DAY }
  await house.audience.link([{ a: end(a), b: end(b), owner: 0, method, ...days }])
}

async function ask(request: string, options: EnrichOptions = {}): Promise<string> {
  const { body } = await house.enrich(request, { buyer: 'dsp', ...options })
  return body.toString()
}

const OWN =
  '{"inserter":"gateway.example","source":"dsp.example","matcher":"gateway.example","mm":2,"uids":[{"id":"dsp-1"}]}'
const PUB =
  '{"inserter":"gateway.example","source":"pubcid.org","matcher":"gateway.example","mm":3,"uids":[{"id":"pub-1"}]}'

test('the buyer is told its own id of this browser, and how it is known; ids of the exchange’s sources too', async () => {
  expect(await ask('{"id":"1","user":{"id":"seen-1"}}')).toBe(
    `{"id":"1","user":{"id":"seen-1","eids":[${OWN},${PUB}],"buyeruid":"dsp-1"}}`,
  )
})

test('without a contract with the use identity nobody is told anything: the very same bytes', async () => {
  const request = '{"id":"1","user":{"id":"seen-1"}}'
  expect(await ask(request, { buyer: 'dsp-plain' })).toBe(request)
})

test('a match that was uploaded is no sync of this browser, whatever it says', async () => {
  const request = '{"id":"1","user":{"id":"seen-2"}}'
  const { body, headers } = await house.enrich(request, { buyer: 'dsp' })
  expect(body.toString()).toBe(request)
  expect(headers['x-passerelle-reason']).toBe('nothing_entitled')
})

test.each([
  ['as text', '"other"'],
  ['as nothing', 'null'],
  ['empty', '""'],
])('a buyeruid that is there %s stays as it is', async (_, there) => {
  const answer = await ask(`{"id":"1","user":{"buyeruid":${there},"id":"seen-1"}}`)
  expect(answer).toBe(`{"id":"1","user":{"buyeruid":${there},"id":"seen-1","eids":[${PUB}]}}`)
})

test.each([
  ['into the list of 2.6', '{"id":"seen-1","eids":[]}', '{"id":"seen-1","eids":[EIDS],BUYERUID}'],
  [
    'into the list of 2.5 where that is the only one',
    '{"id":"seen-1","ext":{"eids":[ {"source":"x"} ],"a":1}}',
    '{"id":"seen-1","ext":{"eids":[ {"source":"x"} ,EIDS],"a":1},BUYERUID}',
  ],
  [
    'into the list of 2.6 where both are there',
    '{"eids":[],"id":"seen-1","ext":{"eids":[]}}',
    '{"eids":[EIDS],"id":"seen-1","ext":{"eids":[]},BUYERUID}',
  ],
  [
    'by an escaped key',
    '{"id":"seen-1","\\u0065ids":[]}',
    '{"id":"seen-1","\\u0065ids":[EIDS],BUYERUID}',
  ],
])('eids go %s', async (_, before, after) => {
  const written = after.replace('EIDS', `${OWN},${PUB}`).replace('BUYERUID', '"buyeruid":"dsp-1"')
  expect(await ask(`{"id":"1","user":${before}}`)).toBe(`{"id":"1","user":${written}}`)
})

test.each([
  ['{"id":"seen-1"}', '{"id":"seen-1","ext":{"eids":[EIDS]},BUYERUID}'],
  ['{"ext":{ },"id":"seen-1"}', '{"ext":{ "eids":[EIDS]},"id":"seen-1",BUYERUID}'],
])('a request of version 2.5 has new eids in user.ext: %s', async (before, after) => {
  const written = after.replace('EIDS', `${OWN},${PUB}`).replace('BUYERUID', '"buyeruid":"dsp-1"')
  const headers = { 'x-openrtb-version': '2.5' }
  expect(await ask(`{"id":"1","user":${before}}`, { headers })).toBe(`{"id":"1","user":${written}}`)
})

test.each([
  ['eids twice', '{"id":"seen-1","eids":[],"eids":[]}'],
  ['eids that are no list', '{"id":"seen-1","eids":{}}'],
  ['an ext that is none', '{"id":"seen-1","ext":[]}'],
  ['eids twice in ext', '{"id":"seen-1","ext":{"eids":[],"eids":[]}}'],
  ['data twice', '{"id":"seen-1","data":[],"data":[]}'],
])('%s: no id is added', async (_, user) => {
  expect(await ask(`{"id":"1","user":${user}}`)).toBe(`{"id":"1","user":${user}}`)
})

test('enriching twice changes nothing the second time', async () => {
  const once = await ask('{"id":"1","user":{"id":"seen-1"}}')
  expect(await ask(once)).toBe(once)
})

test('an id that was added leads nowhere the request’s own ids do not', async () => {
  const [first, added, further] = ['first', 'added', 'further'].map((value) => ({
    namespace: numberOf(
      value === 'first' ? 'ssp' : value === 'added' ? 'pubcid.org' : 'own.example',
    ),
    value: `chain-${value}`,
  }))
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: FAR_DAY }
  const ownerOf = (id: string) => house.exchange.catalog()!.partner(id)!.number
  await house.audience.link([
    { a: first!, b: added!, owner: ownerOf('dmp'), method: 3, ...days },
    { a: added!, b: further!, owner: ownerOf('ssp'), method: 3, ...days },
  ])
  const { desk } = house.exchange
  const body = {
    ...identity('ssp', 'dsp', { uses: ['identity'], segments: ['ssp-all'] }),
    ...TERMS,
  }
  const segment = { name: 's', owner: 'ssp', provenance: 'third_party', ttlDays: 3 }
  await desk.putSegment({ operator: true }, { id: 'ssp-all', body: segment })
  await desk.putContract({ operator: true }, { id: 'second-seller', body })
  await house.audience.poke()
  const once = await ask('{"id":"1","user":{"id":"chain-first"}}')
  expect(once).toContain('chain-added')
  expect(once).not.toContain('chain-further')
  expect(await ask(once)).toBe(once)
  await desk.putContract(
    { operator: true },
    { id: 'second-seller', body: { ...body, status: 'ended' } },
  )
  await house.audience.poke()
})

test('additions alone are shaped like the request', async () => {
  const headers = { prefer: 'return=additions' }
  expect(await ask('{"id":"1","user":{"id":"seen-1","eids":[]}}', { headers })).toBe(
    `{"user":{"eids":[${OWN},${PUB}],"buyeruid":"dsp-1"}}`,
  )
})

test('segments and ids stand beside each other, and a user is made where there is none', async () => {
  await house.admit([{ source: 'ifa', uid: 'device-1', add: ['dmp-all'] }])
  const end = (namespace: number, value: string) => ({ namespace, value })
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: FAR_DAY }
  const b = end(numberOf('pubcid.org'), 'pub-device')
  await house.audience.link([{ a: end(1, 'device-1'), b, owner: 0, method: 5, ...days }])
  await house.audience.poke()
  const data = '"data":[{"id":"dmp","name":"dmp.example","segment":[{"id":"dmp-all"}]}]'
  const eids = `"eids":[${PUB.replace('pub-1', 'pub-device').replace('"mm":3', '"mm":5')}]`
  expect(await ask('{"id":"1","device":{"ifa":"device-1"}}')).toBe(
    `{"id":"1","device":{"ifa":"device-1"},"user":{${data},${eids}}}`,
  )
  expect(await ask('{"id":"1","device":{"ifa":"device-1"},"user":{}}')).toBe(
    `{"id":"1","device":{"ifa":"device-1"},"user":{${data},${eids}}}`,
  )
})

test('a unit is counted for ids where the answer has no segment of the contract', async () => {
  await house.usage.meter.flush()
  house.ledger.records.splice(0)
  await ask('{"id":"1","user":{"id":"seen-1"}}')
  await ask('{"id":"1","test":1,"user":{"id":"seen-1"}}')
  await ask('{"id":"1","device":{"ifa":"device-1"}}')
  await house.usage.meter.flush()
  const lines = house.ledger.records.flatMap((one) => (one.kind === 'delivered' ? one.lines : []))
  const told = lines.filter(({ contract, segment }) => `${contract} ${segment}` === 'told dmp-all')
  expect(told.reduce((sum, { units }) => sum + units, 0)).toBe(2)
  expect(told).toHaveLength(lines.length)
})

test('over /identity eids of one matcher are told, and nothing is counted where none is', async () => {
  const end = (source: string, value: string) => ({ namespace: numberOf(source), value })
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: FAR_DAY }
  const owner = house.exchange.catalog()!.partner('dmp')!.number
  const [a, b] = [end('ssp', 'seen-1'), end('pubcid.org', 'of-the-seller')]
  await house.audience.link([{ a, b, owner, method: 3, ...days }])
  await house.audience.poke()
  const asked = async (user: object) => {
    const key = house.keys.get('dsp')
    const headers = { authorization: `Bearer ${key}` }
    const { body } = await house.post('/identity', JSON.stringify({ id: '1', user }), headers)
    const { eids } = JSON.parse(body.toString()) as { eids: EID[] }
    return eids.map(({ source, matcher, uids }) => [source, matcher, uids!.map(({ id }) => id)])
  }
  const own = ['dsp.example', 'gateway.example', ['dsp-1']]
  const ours = ['pubcid.org', 'gateway.example', ['pub-1']]
  const theirs = ['pubcid.org', 'dmp.example', ['of-the-seller']]
  expect(await asked({ id: 'seen-1' })).toEqual([own, ours])
  const there = [{ source: 'dsp.example', uids: [{ id: 'dsp-1' }] }]
  const pubThere = { source: 'pubcid.org', uids: [{ id: 'pub-1' }] }
  expect(await asked({ id: 'seen-1', eids: [...there, pubThere] })).toEqual([theirs])
  await house.usage.meter.flush()
  house.ledger.records.splice(0)
  const all = [...there, pubThere, { source: 'pubcid.org', uids: [{ id: 'of-the-seller' }] }]
  expect(await asked({ id: 'seen-1', eids: all })).toEqual([])
  await house.usage.meter.flush()
  expect(house.ledger.records).toEqual([])
  await house.audience.unlink([{ a, b }])
  await house.audience.poke()
})

test('where a contract bills on notice its eids carry the token', async () => {
  const answer = await ask('{"id":"1","user":{"id":"seen-1"}}', { buyer: 'dsp-won' })
  const { eids } = JSON.parse(answer).user as { eids: { source: string; ext: { t: string } }[] }
  expect(eids.map(({ source }) => source)).toEqual(['dsp-won.example', 'pubcid.org'])
  expect(eids[0]!.ext.t).toBe(eids[1]!.ext.t)
  const told = await house.notice('win', { t: eids[0]!.ext.t, price: '1', cur: 'EUR' })
  expect(told.status).toBeLessThan(300)
  const notices = house.ledger.records.filter(({ kind }) => kind === 'notice')
  expect(notices).toMatchObject([{ carried: [{ contract: 'won', segments: ['dmp-all'] }] }])
})

test('who was told ids is noted as given, without segments', async () => {
  await house.egress.flush()
  house.given.splice(0)
  await link(['ssp', 'seen-3'], ['pubcid.org', 'pub-3'])
  await house.audience.poke()
  await ask('{"id":"1","user":{"id":"seen-3"}}')
  await house.egress.flush()
  const [batch] = house.given
  expect(batch!.rows).toHaveLength(ROW_WORDS)
  expect(batch!.sets).toEqual([[]])
  expect(batch!.rows[4]).toBe(house.exchange.catalog()!.partner('dsp')!.number)
})

test('the DSA is told whose contract the ids are under', async () => {
  const answer = await ask('{"id":"1","regs":{"ext":{"dsa":{}}},"user":{"id":"seen-1"}}')
  expect(JSON.parse(answer).regs.ext.dsa.transparency).toEqual([
    { domain: 'dmp.example', dsaparams: [1] },
  ])
})

test('a trace tells which ids were added, not what they are', async () => {
  const answer = await ask('{"id":"1","user":{"id":"seen-1"}}', { headers: { prefer: 'trace' } })
  const { passerelle } = JSON.parse(answer).ext
  expect(passerelle.eids).toEqual(['dsp.example', 'pubcid.org'])
  expect(passerelle.buyeruid).toBe(true)
})

test('a contract that is paused takes its ids back at once, and a new one tells those it may', async () => {
  const { desk } = house.exchange
  const operator = { operator: true } as const
  const contract = { ...identity('dmp', 'dsp-plain', { uses: ['identity'] }), ...TERMS }
  await desk.putContract(operator, { id: 'late', body: contract })
  await house.audience.poke()
  const request = '{"id":"1","user":{"id":"seen-1"}}'
  expect(await ask(request, { buyer: 'dsp-plain' })).toContain('"buyeruid":"dsp-plain-1"')
  await desk.putContract(operator, { id: 'late', body: { ...contract, status: 'paused' } })
  await house.audience.poke()
  expect(await ask(request, { buyer: 'dsp-plain' })).toBe(request)
})

const TERMS = {
  price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
  ...{ startsAt: '2020-01-01T00:00:00Z', endsAt: '2099-01-01T00:00:00Z' },
  ...{ regions: [], billOn: 'delivered', status: 'active' },
}

test('POST /identity answers with the same ids alone', async () => {
  const request = '{"id":"1","user":{"id":"seen-1"}}'
  const headers = { authorization: `Bearer ${house.keys.get('dsp')}` }
  const { status, body } = await house.post('/identity', request, headers)
  const enriched = JSON.parse(await ask(request))
  expect(enriched.user.eids.length).toBeGreaterThan(1)
  expect([status, JSON.parse(body.toString())]).toEqual([200, { eids: enriched.user.eids }])
  const stranger = await house.post('/identity', '{"id":"1","user":{"id":"x"}}', headers)
  expect(JSON.parse(stranger.body.toString())).toEqual({ eids: [] })
})
