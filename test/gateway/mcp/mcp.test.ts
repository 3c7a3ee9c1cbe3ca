import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { openBidRooms } from '../../../gateway/bid/open-bid-rooms.ts'
import type { Door } from '../../../gateway/http/door.ts'
import { openNodeDoor } from '../../../gateway/http/open-node-door.ts'
import { mcpRoute } from '../../../gateway/mcp/mcp-route.ts'
import { BidHouse, caseWorld } from '../../support/bid-house.ts'

let house: BidHouse
let door: Door
let bids: ReturnType<typeof openBidRooms>

/** Test and door share a process: a busy machine is no failure. */
const NEVER = { isBehind: false }

beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(caseWorld())
  bids = openBidRooms({
    ...{ audience: house.audience, exchange: house.exchange, usage: house.usage },
    ...{ egress: house.egress, matchCounts: house.matchCounts, metrics: house.metrics },
    ...{ clock: systemClock, gvl: undefined, ownGvlId: undefined, domain: 'gateway.example' },
  })
  const routes = [mcpRoute({ ...bids.rooms, overload: NEVER }, { mayNameProvider: false })]
  door = await openNodeDoor({ host: '127.0.0.1', port: 0, routes, clock: systemClock })
})

afterAll(async () => {
  await door.close(100)
  bids.close()
  await house.close()
})

/** A client of the official SDK, connected. */
async function connect(key = house.keys.get('north-dsp')!): Promise<Client> {
  const client = new Client({ name: 'a-test', version: '1' })
  const transport = new StreamableHTTPClientTransport(
    new URL(`http://127.0.0.1:${door.port}/mcp`),
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
      expect(JSON.parse(textIn(await extend({ id: 'q', bid_request }))).mutations).toEqual([])
    }
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
})
