import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiRoute } from '../../console/api/route.ts'
import type { AuditLog } from '../../console/audit/audit-log.ts'
import { alwaysAudited, changedNothing } from '../../console/resources/audited.ts'
import { OPERATOR } from '../../console/sign-in/caller.ts'
import { periodBefore } from '../../exchange/statements/month-period.ts'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import { TOKEN_KEYS } from '../support/mint-token.ts'
import { LABEL_CONTACT, WHOLE_LABEL } from '../support/whole-label.ts'
import { type Asked, type Body, ConsoleWorld, contractBody, fill } from './world.ts'

// Every operation that changes something leaves an entry: by its own hand, or by alwaysAudited.

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

type Call = [path: string, asked?: Asked]

const body = (value: object): Asked => ({ body: value })
const lines = (line: object): Asked => ({ raw: JSON.stringify(line) })
const partner = { name: 'New', domain: 'new.example', roles: ['dsp'], region: 'US' }
const contract = body(contractBody())
const { buyer: _buyer, startsAt: _startsAt, endsAt, ...offer } = contractBody()
const UNTIL = { endsAt }
const PAIR = { seller: 'dmp', buyer: 'dsp' }
const today = () => new Date().toISOString().slice(0, 10)
/** The one before the last: the last is not over everywhere on its first day. */
const month = periodBefore(Date.parse(periodBefore(Date.now())))
const MONTH = `/api/statements/${month}`

function usedThen(): LedgerRecord {
  const line = { contract: 'autumn', version: 1, segment: 'cars', day: `${month}-10`, units: 9 }
  return { kind: 'delivered', fromMs: 0, toMs: 0, lines: [line] }
}

const deal = body({ name: 'D', seller: 'dmp', exchange: 'ssp' })

/** In an order in which each finds what it needs. */
const CALLS: Record<string, () => Call | Promise<Call>> = {
  putPartner: () => ['/api/partners/new', body(partner)],
  putNamespace: () => ['/api/namespaces/ids.example', body({ kind: 'eid' })],
  putTokenKeys: () => ['/api/namespaces/ids.example/token-keys', body(TOKEN_KEYS)],
  putSegment: () => [
    '/api/segments/new',
    body({ name: 'New', owner: 'dmp', provenance: 'campaign', ttlDays: 3 }),
  ],
  importTaxonomy: () => ['/api/taxonomies/9', { raw: 'Unique ID\tParent\tTier 1\nk1\t\tWeather' }],
  deleteTaxonomy: () => ['/api/taxonomies/9'],
  signLabel: async () => {
    await world.partner('dmp', { roles: ['data_provider'], ...LABEL_CONTACT })
    await world.segment('labelled', 'dmp', { label: WHOLE_LABEL })
    return ['/api/segments/labelled/label/sign']
  },
  createKey: () => ['/api/partners/new/keys', body({})],
  deleteKey: async () => {
    const { items } = await world.must('GET', '/api/partners/new/keys')
    return [`/api/partners/new/keys/${items[0].id}`]
  },
  makeMatchSecret: () => ['/api/partners/new/match-secret'],
  putSyncSettings: () => ['/api/settings/sync', body({})],
  putContract: () => ['/api/contracts/walked', contract],
  signContract: () => ['/api/contracts/walked/sign', body({ side: 'seller' })],
  declineContract: () => ['/api/contracts/walked/decline'],
  putOffer: () => ['/api/offers/walked', body({ ...offer, minPeople: 0 })],
  requestContract: () => ['/api/offers/walked/request', body({ buyer: 'dsp', ...UNTIL })],
  closeOffer: () => ['/api/offers/walked/close'],
  pauseContract: () => ['/api/contracts/autumn/pause'],
  resumeContract: () => ['/api/contracts/autumn/resume'],
  reportUsage: () => [
    '/api/usage/reports',
    lines({ id: '1', contract: 'autumn', segment: 'cars', day: today(), units: 1 }),
  ],
  closeStatements: async () => {
    await world.ship([usedThen()])
    return [`${MONTH}/close`, body({ now: true })]
  },
  disputeStatement: () => [`${MONTH}/dispute`, body({ ...PAIR, reason: 'ours differs' })],
  adjustStatement: () => [
    `${MONTH}/adjustments`,
    body({ id: 'a', contract: 'autumn', amountMicros: -1, currency: 'EUR', reason: 'agreed' }),
  ],
  settleStatement: () => [`${MONTH}/settle`, body({ ...PAIR, settlement: 'paid' })],
  endContract: async () => {
    await world.must('PUT', '/api/contracts/ending', body(contractBody({ status: 'active' })))
    return ['/api/contracts/ending/end']
  },
  revokeContract: () => ['/api/contracts/autumn/revoke'],
  deleteOffer: async () => {
    const { items } = await world.must('GET', '/api/contracts')
    for (const { id, offer: from, status } of items)
      if (from === 'walked' && status === 'draft')
        await world.must('POST', `/api/contracts/${id}/decline`)
    return ['/api/offers/walked']
  },
  putDeal: () => ['/api/deals/walked', deal],
  importDeals: () => [
    '/api/deals/import?exchange=ssp&seller=dmp',
    lines({ deal_id: 'W1', floor_price_cpm: 1 }),
  ],
  deleteDeal: () => ['/api/deals/walked'],
  importMemberships: () => ['/api/memberships', lines({ source: 'dsp', uid: 'u', add: ['cars'] })],
  importMatches: () => [
    '/api/matches',
    lines({ source: 'dsp', uid: 'u', with: { source: 'dmp', uid: 'v' } }),
  ],
  erasePerson: () => ['/api/people/erase', body({ source: 'dsp', uid: 'u' })],
  importSuppressions: () => ['/api/suppressions', lines({ source: 'dsp', value: 'w' })],
  rebuildUsage: () => ['/api/ledger/rebuild'],
  applyCatalog: async () => ['/api/catalog', body(await world.must('GET', '/api/catalog'))],
  deleteSegment: () => ['/api/segments/new'],
  deletePartner: () => ['/api/partners/new'],
}

interface Operation {
  method: string
  id: string
  isQuestion: boolean
}

function operations(): Operation[] {
  return Object.values<Body>(world.document.paths).flatMap((byMethod) =>
    Object.entries<Body>(byMethod)
      .filter(([method]) => method !== 'get')
      .map(([method, { operationId: id, 'x-question': isQuestion = false }]) => ({
        method: method.toUpperCase(),
        id,
        isQuestion,
      })),
  )
}

test('every operation that changes something leaves an entry under its name', async () => {
  const methods = new Map(operations().map(({ id, method }) => [id, method]))
  for (const [id, call] of Object.entries(CALLS)) {
    const [path, asked] = await call()
    const { seq: last = 0 } = (await world.must('GET', '/api/audit?limit=1')).items[0]
    await world.must(methods.get(id)!, path, asked)
    const { items } = await world.must('GET', '/api/audit?limit=5')
    const fresh = items.filter(({ seq }: Body) => seq > last).map(({ verb }: Body) => verb)
    expect([id, fresh]).toEqual([id, expect.arrayContaining([id])])
  }
})

test('a question changes nothing, though it is asked by POST', async () => {
  const { version } = await world.must('GET', '/api/catalog/version')
  await world.must('POST', '/api/deals/import/status', body({ id: 'premium' }))
  await world.must('POST', '/api/deals/dry-run', body({ buyer: 'dsp', request: { id: '1' } }))
  expect((await world.must('GET', '/api/catalog/version')).version).toBe(version)
  const asked = operations().filter(({ isQuestion }) => isQuestion)
  expect(asked.map(({ id }) => id)).toEqual(expect.arrayContaining(['askBuyerSeat', 'dryRunDeals']))
})

test('an operation that forgets its entry leaves one all the same, and one that changed nothing none', async () => {
  const entries: Body[] = []
  const audit = { append: async (entry: Body) => void entries.push(entry) } as unknown as AuditLog
  const rooms = { audit, clock: world.clock }
  const route = (more: Partial<ApiRoute>) =>
    alwaysAudited(rooms, {
      method: 'POST',
      path: '/api/things/{id}/mend',
      operationId: 'mendThing',
      summary: '',
      permission: 'side',
      answers: {},
      handle: () => ({ status: 204 }),
      ...more,
    })
  const call = () =>
    ({ caller: OPERATOR, params: { id: 'x' } }) as unknown as Parameters<ApiRoute['handle']>[0]
  await route({}).handle(call())
  expect(entries).toMatchObject([{ verb: 'mendThing', object: 'things/x/mend', actor: 'operator' }])
  await route({ isQuestion: true }).handle(call())
  await route({ method: 'GET' }).handle(call())
  await route({
    handle(one) {
      changedNothing(one)
      return { status: 200 }
    },
  }).handle(call())
  const refused = route({ handle: () => Promise.reject(new Error('no')) })
  await expect(refused.handle(call())).rejects.toThrow('no')
  expect(entries).toHaveLength(1)
})
