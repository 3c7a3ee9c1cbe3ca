import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { openBidRooms } from '../../../gateway/bid/open-bid-rooms.ts'
import type { Ask } from '../../../gateway/http/door.ts'
import { mcpRoute } from '../../../gateway/mcp/mcp-route.ts'
import { BidHouse, caseWorld } from '../../support/bid-house.ts'
import { type EdgeWires, openEdgeWires } from '../../support/edge-wires.ts'

let house: BidHouse
let edge: EdgeWires

beforeAll(async () => {
  house = await BidHouse.open()
  const world = caseWorld()
  world.people.push({ source: 'north-dsp', uid: '9007199254740993', add: ['cars'] })
  await house.settle(world)
  edge = await openEdgeWires(house)
})

afterAll(async () => {
  await edge.close()
  await house.close()
})

/** A client of the official SDK, connected. */
async function connect(key = house.keys.get('north-dsp')!): Promise<Client> {
  const client = new Client({ name: 'a-test', version: '1' })
  const transport = new StreamableHTTPClientTransport(
    new URL(`http://127.0.0.1:${edge.port}/mcp`),
    { requestInit: { headers: { authorization: `Bearer ${key}` } } },
  )
  await client.connect(transport as Transport)
  return client
}

async function extend(given: Record<string, unknown>, key?: string): Promise<CallToolResult> {
  const client = await connect(key)
  const told = await client.callTool({ name: 'extend_rtb', arguments: given })
  await client.close()
  return told as CallToolResult
}

const textIn = ({ content }: CallToolResult) => (content[0] as { text: string }).text
const segmentsOf = (id: string) => ({
  intent: 'ACTIVATE_SEGMENTS',
  op: 'OPERATION_ADD',
  path: '/user/data/segment',
  ids: { id: [id] },
})

/** JSON-RPC as it stands here, which no client would write. */
async function say(body: string): Promise<{ status: number; said: Said | Said[] }> {
  const answer = await fetch(`http://127.0.0.1:${edge.port}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${house.keys.get('north-dsp')}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body,
  })
  const text = await answer.text()
  return { status: answer.status, said: text === '' ? [] : JSON.parse(text) }
}

interface Said {
  id: unknown
  result: CallToolResult & { structuredContent: { mutations: { ids: { id: string[] } }[] } }
}

const call = (id: unknown, bidRequest: string) =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"tools/call","params":{"name":"extend_rtb","arguments":{"id":"q","applicable_intents":["ACTIVATE_SEGMENTS"],"bid_request":${bidRequest}}}}`

const segmentsSaid = ({ result }: Said) =>
  result.structuredContent.mutations.flatMap(({ ids }) => ids.id)

describe('the MCP tool extend_rtb', () => {
  test('is listed, with its parameters', async () => {
    const client = await connect()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['extend_rtb'])
    expect(tools[0]!.inputSchema.required).toEqual(['id', 'bid_request'])
    await client.close()
  })

  test.for<[string, object]>([
    ['0 and 1', { test: 0, imp: [{ id: '1', secure: 1 }], regs: { coppa: 0, gdpr: 0 } }],
    ['false and true', { imp: [{ id: '1', secure: true }], regs: { coppa: false, gdpr: false } }],
  ])('answers with mutations, flags written as %s', async ([, more]) => {
    const bid_request = { id: 'r', ...more, user: { buyeruid: 'driver' } }
    const told = await extend({ id: 'q', bid_request })
    const deals = { id: ['cars-deal', 'not-travel-deal'] }
    const expected = {
      id: 'q',
      mutations: [
        segmentsOf('data-hill:cars'),
        { intent: 'ACTIVATE_DEALS', op: 'OPERATION_ADD', path: '/imp/1', ids: deals },
      ],
      metadata: { api_version: '1.0', model_version: expect.any(String) },
    }
    expect(JSON.parse(textIn(told))).toEqual(expected)
    expect(told.structuredContent).toEqual(expected)
  })

  test('a child, written either way, gets none', async () => {
    for (const coppa of [1, true]) {
      const bid_request = { id: 'r', regs: { coppa }, user: { buyeruid: 'driver' } }
      const told = await extend({ id: 'q', bid_request })
      expect(JSON.parse(textIn(told)).mutations).toEqual([])
      expect(told._meta?.['passerelle/reason']).toBe('denied_coppa')
    }
  })

  test('names in camel case are those of the schema', async () => {
    const given = async (regs: object) => {
      const bidRequest = { id: 'r', user: { buyeruid: 'driver' }, regs }
      const told = await extend({ id: 'q', bidRequest, applicableIntents: ['ACTIVATE_SEGMENTS'] })
      return [JSON.parse(textIn(told)).mutations, told._meta?.['passerelle/reason']]
    }
    expect(await given({})).toEqual([[segmentsOf('data-hill:cars')], undefined])
    expect(await given({ usPrivacy: '1YYN' })).toEqual([[], 'denied_us_privacy'])
  })

  test('names of intents count, and those that nobody knows ask for nothing', async () => {
    const bid_request = { id: 'r', imp: [{ id: '1' }], user: { buyeruid: 'driver' } }
    const told = async (...applicable_intents: string[]) =>
      JSON.parse(textIn(await extend({ id: 'q', bid_request, applicable_intents }))).mutations
    expect(await told('ACTIVATE_SEGMENTS')).toEqual([segmentsOf('data-hill:cars')])
    expect(await told('SOMETHING_NEW')).toEqual([])
  })

  test.for<[string, Record<string, unknown>, string, string?]>([
    ['no id', { bid_request: { id: 'r' } }, 'missing required parameter: id'],
    ['no bid request', { id: 'q' }, 'missing required parameter: bid_request'],
    ['a bid request that is text', { id: 'q', bid_request: '{}' }, 'bid_request must be an object'],
    ['a bid request without an id', { id: 'q', bid_request: {} }, 'no_id: '],
    ['no key', { id: 'q', bid_request: { id: 'r' } }, 'unauthorized: ', 'nobody'],
  ])('%s: an error of the tool', async ([, given, says, key]) => {
    const told = await extend(given, key)
    expect(told.isError).toBe(true)
    expect(textIn(told)).toContain(says)
  })

  test('reads the bytes that were sent: of a key that stands twice the strictest, of a number every digit', async () => {
    const told = async (request: string) => segmentsSaid((await say(call(1, request))).said as Said)
    expect(await told('{"id":"r","user":{"buyeruid":"driver"},"regs":{"coppa":0}}')).toHaveLength(1)
    expect(
      await told('{"id":"r","user":{"buyeruid":"driver"},"regs":{"coppa":1,"coppa":0}}'),
    ).toEqual([])
    expect(
      await told('{"regs":{"coppa":1}},"bid_request":{"id":"r","user":{"buyeruid":"driver"}}'),
    ).toEqual([])
    expect(await told('{"id":"r","user":{"buyeruid":9007199254740993}}')).toHaveLength(1)
    expect(await told('{"id":"r","user":{"buyeruid":9007199254740992}}')).toEqual([])
  })

  test('answers each call of a batch with its own, also one that the batch takes back', async () => {
    const cancelled =
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"b"}}'
    const calls = [
      call(7, '{"id":"r","user":{"buyeruid":"driver"},"regs":{"coppa":1}}'),
      call('b', '{"id":"r","user":{"buyeruid":"driver"}}'),
    ]
    const { status, said } = await say(`[${[...calls, cancelled].join(' , ')}]`)
    expect(status).toBe(200)
    const byId = new Map((said as Said[]).map((one) => [one.id, segmentsSaid(one)]))
    expect(byId.get(7)).toEqual([])
    expect(byId.get('b')).toEqual(['data-hill:cars'])
  })

  test.for([
    '',
    '"{"',
    '[]',
    '[[{}]]',
    '{}',
    'null',
    '{"jsonrpc":"2.0","id":{},"method":"tools/call"}',
    `[${call(1, '{}')},"{"]`,
    `${'['.repeat(100_000)}`,
  ])('what is no JSON-RPC is answered: %s', async (body) => {
    expect((await say(body)).status).toBe(body === '[]' ? 202 : 400)
  })

  test.for<[string, string, object, number]>([
    ['no JSON', '{', {}, 400],
    ['no message', '{"id":1}', {}, 400],
    ['a type that is not JSON', '{}', { 'content-type': 'text/plain' }, 415],
    ['one who takes no answers', '{}', { accept: 'text/html' }, 406],
  ])('%s: refused with a word, and an error of JSON-RPC', async ([, body, more, status]) => {
    const headers = { accept: 'application/json, text/event-stream', ...more }
    const answer = await fetch(`http://127.0.0.1:${edge.port}/mcp`, {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/json', ...headers },
    })
    expect([answer.status, answer.headers.get('x-passerelle-reason')]).toEqual([status, 'not_mcp'])
    expect(await answer.json()).toMatchObject({
      jsonrpc: '2.0',
      error: { message: expect.any(String) },
    })
  })

  test('of a client that left before its answer is not counted', async () => {
    const { audience, exchange, usage, egress, matchCounts, metrics, gvl, ownGvlId } = house
    const bids = openBidRooms({
      ...{ audience, exchange, usage, egress, matchCounts, metrics, gvl, ownGvlId },
      ...{ clock: systemClock, domain: 'gateway.example' },
    })
    const rooms = { ...bids.rooms, overload: { isBehind: false } }
    const route = mcpRoute(rooms, { mayNameProvider: false })
    const body = Buffer.from(call(1, '{"id":"r","user":{"buyeruid":"driver"}}'))
    const headers = {
      ...{ authorization: `Bearer ${house.keys.get('north-dsp')}` },
      ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    }
    const ask: Ask = {
      ...{ method: 'POST', path: '/mcp', query: '', body, arrivedMs: systemClock.elapsed() },
      headers: route.wants.map((name) => headers[name as keyof typeof headers] ?? ''),
      ...{ keepBody: () => body, remote: () => '' },
    }
    const unitsOf = async (done: boolean) => {
      await usage.meter.flush()
      house.ledger.records.splice(0)
      await new Promise<void>((resolve) =>
        route.handle(ask, { done, send: () => resolve(), onAbort: () => {} }),
      )
      await usage.meter.flush()
      const delivered = house.ledger.records.filter(({ kind }) => kind === 'delivered')
      return delivered.length
    }
    expect([await unitsOf(false), await unitsOf(true)]).toEqual([1, 0])
    bids.close()
  })
})
