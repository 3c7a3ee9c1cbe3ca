import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import { messageField } from '../../proto/message-fields.ts'
import { ArtfClient, encodeRtb } from '../support/artf-client.ts'
import { type BidAnswer, type BidHouse, caseWorld, type World } from '../support/bid-house.ts'
import { asMessage, decodePlain, encodeJson, ownType } from '../support/openrtb-message.ts'
import { PageWorld } from '../support/page-world.ts'
import { seeded } from '../support/random.ts'
import {
  isTwofold,
  queryOf,
  type Request,
  requestOf,
  type Signals,
  twinOf,
} from '../support/wire-request.ts'

// One decision behind every wire: the same person and request get the same over each, and pay the same.

const SEED = 20261126
const type = ownType()
let pages: PageWorld
let house: BidHouse
let grpc: ArtfClient
let mcp: Client
let key: string
let token: string

/** The world of the cases; all that is sold in it bills on delivery, which any wire can carry. */
function world(): World {
  const cases = caseWorld()
  for (const contract of Object.values(cases.contracts))
    Object.assign(contract, { billOn: 'delivered' })
  // Hill has sold North the ids of who is in its cars.
  const ids = { seller: 'data-hill', buyer: 'north-dsp', segments: ['cars'], uses: ['identity'] }
  cases.contracts[IDS] = { ...ids, billOn: 'delivered' }
  // A page names no `buyeruid`: everybody is known by an eid, too.
  for (const { source, uid, add } of cases.people.slice())
    if (source === 'north-dsp') cases.people.push({ source: 'pubcid.org', uid: eidOf(uid), add })
  return cases
}

const IDS = 'hill-ids'
const eidOf = (uid: string) => `eid-of-${uid}`

beforeAll(async () => {
  pages = await PageWorld.open({ world: world() })
  house = pages.house
  key = house.keys.get('north-dsp')!
  const scopes = { partner: 'north-dsp', body: { scopes: ['wire:xandr'] } }
  token = (await house.exchange.desk.createKey({ operator: true }, scopes)).key
  await joinEids()
  grpc = new ArtfClient(house.gateway.grpcPort!)
  mcp = new Client({ name: 'a-test', version: '1' })
  const url = new URL(`http://127.0.0.1:${pages.edge.port}/mcp`)
  const headers = { authorization: `Bearer ${key}` }
  await mcp.connect(
    new StreamableHTTPClientTransport(url, { requestInit: { headers } }) as Transport,
  )
})

/** Everybody's eid is known as theirs. */
async function joinEids(): Promise<void> {
  const namespaces = house.audience.feed.current()!.kind(NAMESPACE_KIND)
  const idOf = (source: string, value: string) => ({
    namespace: (namespaces.get(source)!.value as Namespace).number,
    value,
  })
  const known = { owner: 0, method: 3, firstSeenDay: 1, lastSeenDay: 1, expiryDay: 40_000 }
  const people = caseWorld().people.filter(({ source }) => source === 'north-dsp')
  await house.audience.link(
    people.map(({ uid }) => ({
      ...{ a: idOf('north-dsp', uid), b: idOf('pubcid.org', eidOf(uid)) },
      ...known,
    })),
  )
  await house.audience.poke()
}

afterAll(async () => {
  await mcp.close()
  grpc.close()
  await pages.close()
})

/** What an answer gave: `<provider>:<segment>`, and `<imp> <deal>`; sorted. */
interface Given {
  segments: string[]
  deals: string[]
  decision: string
}

interface Mutation {
  intent: string
  path: string
  ids: { id: string[] }
}

const WIRES: Record<string, (request: Request) => Promise<Given>> = {
  async json(request) {
    const headers = { prefer: 'trace' }
    const got = await house.enrich(JSON.stringify(request), { buyer: 'north-dsp', headers })
    const { ext, ...enriched } = JSON.parse(got.body.toString())
    const decision = decisionIn(got)
    expect(ext.passerelle.decision ?? decision).toBe(decision)
    return { ...givenIn(enriched, request), decision }
  },
  async protobuf(request) {
    const headers = { 'content-type': 'application/x-protobuf', prefer: 'trace' }
    const bytes = encodeJson(type, request)
    const got = await house.enrich(bytes, { buyer: 'north-dsp', headers })
    const enriched = decodePlain(type, got.body) as unknown as Request
    return { ...givenIn(enriched, request), decision: decisionIn(got) }
  },
  async grpc(request) {
    const bid_request = asMessage(type, request)
    const { mutations, decision } = await grpc.told(encodeRtb({ bid_request }), key)
    return { ...givenBy(mutations as unknown as Mutation[]), decision }
  },
  async artf(request) {
    const body = JSON.stringify({ id: 'q', bid_request: request })
    const authorization = `Bearer ${key}`
    const got = await house.post('/artf/mutations', body, { authorization })
    return { ...givenBy(JSON.parse(got.body.toString()).mutations), decision: decisionIn(got) }
  },
  async mcp(request) {
    const given = { id: 'q', bid_request: request }
    const told = await mcp.callTool({ name: 'extend_rtb', arguments: given })
    const { mutations } = told.structuredContent as { mutations: Mutation[] }
    return { ...givenBy(mutations), decision: String(told._meta?.['passerelle/decision']) }
  },
}

function decisionIn({ headers }: BidAnswer): string {
  return String(headers['x-passerelle-decision'])
}

/** What a wire of segments alone says. */
interface SegmentsGiven {
  segments: string[]
  decision: string
}

/** Wires of segments alone: their ids, or undefined where the wire has no words for the request. */
const SEGMENT_WIRES: Record<string, (request: Request) => Promise<SegmentsGiven | undefined>> = {
  async augment(request) {
    const body = messageField(1, encodeJson(type, request))
    const got = await house.post('/augment', body, { 'beeswax-auth-secret': key })
    return { segments: decodeSegments(got.body), decision: decisionIn(got) }
  },
  async scope3(request) {
    const url = `http://127.0.0.1:${pages.edge.port}/prebid/scope3`
    const headers = { 'x-scope3-auth': key }
    const { id: _, ...ortb2 } = request
    const body = JSON.stringify({ ortb2: { ...ortb2, imp: [] }, source: 'prebid-rtd' })
    const got = await fetch(url, { method: 'POST', headers, body })
    const { aee_signals } = (await got.json()) as Told
    const segments = aee_signals.include.map((one) => one.split(':')[1]!)
    return { segments, decision: String(got.headers.get('x-passerelle-decision')) }
  },
  async xandr(request) {
    const query = queryOf(request)
    if (query === undefined) return undefined
    query.set('uid', request.user.buyeruid)
    const { ifa } = { ...(request as Signals).device }
    if (ifa !== undefined) query.set('ifa', ifa)
    const got = await house.get(`/xandr/${token}?${query}`, {})
    const segments = got.body.toString().split('\n').filter(Boolean)
    return { segments, decision: decisionIn(got) }
  },
  async optable(request) {
    const query = queryOf(request)
    if (query === undefined) return undefined
    query.set('id', `c:${request.user.buyeruid}`)
    const { ifa } = { ...(request as Signals).device }
    if (ifa !== undefined) query.append('id', `a:${ifa}`)
    const got = await house.get(`/v2/targeting?${query}`, { authorization: `Bearer ${key}` })
    const { audience } = JSON.parse(got.body.toString()) as {
      audience: { ids: { id: string }[] }[]
    }
    return {
      segments: audience.flatMap(({ ids }) => ids.map(({ id }) => id)),
      decision: decisionIn(got),
    }
  },
}

/** What a page may ask of a request: by an eid in place of the buyer's own id and the device's, and its origin for a site. */
function asOfPage({ imp, user, ...request }: Request): Request | undefined {
  if (user.data || isTwofold(request as Signals)) return undefined
  delete (request as Signals).device?.ifa
  const site = { domain: 'news.example' }
  const eids = [{ source: 'pubcid.org', uids: [{ id: eidOf(user.buyeruid) }] }]
  const { consent } = user
  return { ...request, imp: [{ id: '1' }], site, user: { eids, consent } } as unknown as Request
}

/** `POST /prebid/rtd`: without anything about the person it names no decision. */
async function prebid(request: Request): Promise<Given> {
  const { device, regs } = request as Signals
  const { ext, ...signals } = { ...regs }
  const { eids, consent: gdpr_consent } = request.user
  const { geo, ext: _, ...limits } = { ...device }
  const said = { ...signals, ...ext, ...limits, country: geo?.country, eids, gdpr_consent }
  const { text } = await pages.ask(said)
  const { data = [], deals = [], decision = '' } = JSON.parse(text) as PageTold
  return {
    segments: data.flatMap(({ id, segment }) => segment.map((one) => `${id}:${one.id}`)).sort(),
    deals: deals.map(({ id }) => `1 ${id}`).sort(),
    decision,
  }
}

interface PageTold {
  data?: { id: string; segment: { id: string }[] }[]
  deals?: { id: string }[]
  decision?: string
}

interface Told {
  aee_signals: { include: string[] }
}

function decodeSegments(bytes: Buffer): string[] {
  const ids: string[] = []
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    expect([reader.uint32(), reader.uint32() > 0, reader.uint32()]).toEqual([10, true, 10])
    ids.push(reader.string())
  }
  return ids
}

function givenIn(enriched: Request, request: Request): Omit<Given, 'decision'> {
  const held = request.user.data?.length ?? 0
  const fresh = (enriched.user.data ?? []).slice(held)
  return {
    segments: fresh.flatMap(({ id, segment }) => segment.map((one) => `${id}:${one.id}`)).sort(),
    deals: enriched.imp
      .flatMap(({ id, pmp }, i) =>
        (pmp?.deals ?? [])
          .slice(request.imp[i]!.pmp?.deals.length ?? 0)
          .map((deal) => `${id} ${deal.id}`),
      )
      .sort(),
  }
}

function givenBy(mutations: Mutation[]): Omit<Given, 'decision'> {
  const of = (...names: unknown[]) => mutations.filter(({ intent }) => names.includes(intent))
  return {
    segments: of('ACTIVATE_SEGMENTS', 1)
      .flatMap(({ ids }) => ids.id)
      .sort(),
    deals: of('ACTIVATE_DEALS', 2)
      .flatMap(({ path, ids }) => ids.id.map((one) => `${path.slice('/imp/'.length)} ${one}`))
      .sort(),
  }
}

/** Units by contract and segment that were counted since the last time. */
async function unitsSince(): Promise<Units> {
  await house.usage.meter.flush()
  const units: Units = {}
  for (const record of house.ledger.records.splice(0))
    if (record.kind === 'delivered')
      for (const { contract, segment, deal = '', units: more } of record.lines)
        units[`${contract} ${segment} ${deal}`] = more
  return units
}

test(`every wire gives the same, decides the same and counts the same, once a call (seed ${SEED})`, async () => {
  const random = seeded(SEED)
  let given = 0
  for (let i = 0; i < 70; i++) {
    const request = requestOf(random)
    await unitsSince()
    const { json, ...others } = WIRES
    const first = await json!(request)
    expect(first.decision).toMatch(/^[\w-]{16}$/)
    const units = await unitsSince()
    if (first.segments.length > 0) given++
    for (const [name, ask] of Object.entries(others)) {
      const where = `${name}: ${JSON.stringify(request)}`
      expect(await ask(request), where).toEqual(first)
      expect(await unitsSince(), where).toEqual(name === 'protobuf' ? units : withoutIds(units))
    }
    const ids = [...new Set(first.segments.map((one) => one.split(':')[1]))].sort()
    for (const [name, ask] of Object.entries(SEGMENT_WIRES)) {
      const told = await ask(request)
      if (told === undefined) continue
      const where = `${name}: ${JSON.stringify(request)}`
      expect([told.segments.sort(), told.decision], where).toEqual([ids, first.decision])
      expect(await unitsSince(), where).toEqual(
        ofSegments(name === 'optable' ? units : withoutIds(units)),
      )
    }
  }
  expect(given).toBeGreaterThan(10)
})

test(`what is said in the States, and of the use of a device's id, is obeyed (seed ${SEED})`, async () => {
  const random = seeded(SEED + 1)
  const counts: Record<string, number> = {}
  for (let i = 0; i < 400; i++) {
    const request = requestOf(random)
    const twin = twinOf(request)
    if (twin === undefined) continue
    const { segments, deals } = await WIRES['json']!(request)
    const other = await WIRES['json']!(twin)
    expect({ segments, deals }, JSON.stringify(request)).toEqual({
      segments: other.segments,
      deals: other.deals,
    })
    const { regs, device } = request as Signals
    const given = segments.length > 0 ? 'given' : 'none'
    const isByDevice = device?.ifa && request.user.buyeruid === 'nobody' && !request.user.eids
    for (const about of [regs?.gpp && 'gpp', isByDevice && `atts ${device?.ext?.atts ?? '-'}`])
      if (about) counts[`${about} ${given}`] = (counts[`${about} ${given}`] ?? 0) + 1
  }
  for (const kind of ['gpp given', 'gpp none', 'atts 3 given', 'atts 0 none', 'atts 2 none'])
    expect(counts[kind], kind).toBeGreaterThan(0)
})

test(`a page is given what a bid request of its visitor is (seed ${SEED})`, async () => {
  const random = seeded(SEED)
  let given = 0
  for (let i = 0; i < 120; i++) {
    const request = asOfPage(requestOf(random))
    if (request === undefined) continue
    await unitsSince()
    const first = await WIRES['json']!(request)
    const units = await unitsSince()
    if (first.segments.length > 0) given++
    const where = JSON.stringify(request)
    const decision = first.segments.length + first.deals.length > 0 ? first.decision : ''
    expect(await prebid(request), where).toEqual({ ...first, decision })
    expect(await unitsSince(), where).toEqual(withoutIds(units))
  }
  expect(given).toBeGreaterThan(4)
})

test(`LiveIntent's module is told the ids that a bid request is given, and they alone are paid for (seed ${SEED})`, async () => {
  const random = seeded(SEED)
  let told = 0
  for (let i = 0; i < 60; i++) {
    const request = requestOf(random)
    const body = JSON.stringify(request)
    const where = body
    const headers = { prefer: 'trace' }
    await unitsSince()
    const first = await house.enrich(body, { buyer: 'north-dsp', headers })
    const { user } = JSON.parse(first.body.toString()) as Request
    const eids = (user.eids ?? []).slice(request.user.eids?.length ?? 0)
    const units = await unitsSince()
    const got = await house.post('/identity', body, { authorization: `Bearer ${key}` })
    expect(JSON.parse(got.body.toString()), where).toEqual({ eids })
    expect(decisionIn(got), where).toBe(decisionIn(first))
    expect(await unitsSince(), where).toEqual(idsAlone(units))
    told += eids.length
  }
  expect(told).toBeGreaterThan(5)
})

type Units = Record<string, number>

const unitsWhere = (units: Units, isKept: (name: string) => boolean): Units =>
  Object.fromEntries(Object.entries(units).filter(([name]) => isKept(name)))
const idsAlone = (units: Units) => unitsWhere(units, (name) => name.startsWith(IDS))
const withoutIds = (units: Units) => unitsWhere(units, (name) => !name.startsWith(IDS))
const ofSegments = (units: Units) => unitsWhere(units, (name) => name.endsWith(' '))
