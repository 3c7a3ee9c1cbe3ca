import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { ARTF_JSON_WANTS, type ArtfOptions, artfJson } from '../artf/artf-wire.ts'
import type { BidRooms } from '../bid/bid-rooms.ts'
import { createBidHandler } from '../bid/handle-bid.ts'
import { BID_LIMITS } from '../bid/limits.ts'
import { BidRefusals } from '../bid/reasons.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { argumentsIn } from './arguments-in.ts'
import { EXTEND_RTB, faultIn } from './extend-rtb.ts'

/** Request headers the SDK reads; where the key stands is ours to know. */
const WANTS = ['authorization', 'accept', 'content-type', 'mcp-protocol-version'] as const
const AUTHORIZATION = 0

type BidHandler = ReturnType<typeof createBidHandler>

/**
 * `POST /mcp`: the Model Context Protocol over streamable HTTP, with the tool of ARTF 1.0, `extend_rtb`. The door of the
 * official SDK. Nothing is kept from one request to the next: there are no sessions, and no stream to listen to.
 */
export function mcpRoute(rooms: BidRooms, options: ArtfOptions): Route {
  const handle = createBidHandler(rooms, artfJson(options))
  return {
    method: 'POST',
    path: '/mcp',
    wants: WANTS,
    body: 'whole',
    bodyBytesMax: BID_LIMITS.artfBytesMax,
    handle: (ask, answer) => serve(ask, answer, handle),
  }
}

async function serve(ask: Ask, answer: Answer, handle: BidHandler): Promise<void> {
  const body = Buffer.from(ask.keepBody())
  let given: Map<unknown, Uint8Array> | undefined
  const server = new Server(
    { name: 'passerelle', version: '1.0' },
    { capabilities: { tools: {} }, instructions: EXTEND_RTB.description },
  )
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [EXTEND_RTB] }))
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { requestId }) =>
    callTool(params, {
      ...{ ask, answer, handle },
      // Read no sooner: what is no JSON has been turned away by then.
      body: (given ??= argumentsIn(body)).get(requestId)!,
    }),
  )
  // A batch that takes back one of its own calls would wait for ever for that call's answer.
  server.removeNotificationHandler('notifications/cancelled')
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  const said = await transport.handleRequest(requestOf(ask, body))
  const headers = [...said.headers, ...(said.ok ? [] : [NOT_MCP])].flat()
  answer.send(said.status, headers, Buffer.from(await said.arrayBuffer()))
  await server.close()
}

/** The body says what is wrong, as JSON-RPC has it. */
const NOT_MCP = ['x-passerelle-reason', 'not_mcp'] as const

function requestOf({ headers, path }: Ask, body: Buffer): Request {
  const sent = WANTS.map((name, i): [string, string] => [name, headers[i]!])
  return new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: sent.filter(([, value]) => value !== ''),
    body,
  })
}

/** What a call is made of for the bid path: `body`, the bytes of its arguments. */
interface Inner {
  ask: Ask
  answer: Answer
  handle: BidHandler
  body: Uint8Array
}

interface ToolCall {
  name: string
  arguments?: Record<string, unknown> | undefined
}

/** What is wrong with a call is an error of the tool, which a model may read and mend. */
async function callTool(
  { name, arguments: given = {} }: ToolCall,
  inner: Inner,
): Promise<CallToolResult> {
  if (name !== EXTEND_RTB.name) return failed(`unknown tool: ${name}`)
  const fault = faultIn(given)
  if (fault !== undefined) return failed(fault)
  const { status, headers, text } = await extend(inner)
  const reason = headerIn(headers, 'x-passerelle-reason')
  if (status !== 200)
    return failed(`${reason}: ${BidRefusals[reason as keyof typeof BidRefusals].says}`)
  return {
    content: [{ type: 'text', text }],
    structuredContent: JSON.parse(text),
    _meta: {
      'passerelle/decision': headerIn(headers, 'x-passerelle-decision'),
      ...(reason === undefined ? {} : { 'passerelle/reason': reason }),
    },
  }
}

function headerIn(headers: readonly string[], name: string): string | undefined {
  const at = headers.indexOf(name)
  return at < 0 ? undefined : headers[at + 1]
}

function failed(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] }
}

interface Told {
  status: number
  headers: readonly string[]
  text: string
}

/** The request, as `POST /artf/mutations` would have brought it. */
function extend({ ask, answer, handle, body }: Inner): Promise<Told> {
  const headers = ARTF_JSON_WANTS.map((name) =>
    name === 'authorization' ? ask.headers[AUTHORIZATION]! : '',
  )
  return new Promise((resolve) => {
    const { method, path, query, arrivedMs } = ask
    const inner: Ask = {
      ...{ method, path, query, arrivedMs, headers, body },
      keepBody: () => body,
      remote: () => ask.remote(),
    }
    handle(inner, {
      // Who left is given nothing, and owes nothing.
      get done() {
        return answer.done
      },
      send: (status, sent, text = '') =>
        resolve({ status, headers: sent, text: Buffer.from(text as Uint8Array).toString() }),
      onAbort() {},
    })
  })
}
