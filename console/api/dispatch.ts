import { refuse } from '../../audience/refusal.ts'
import type { Answer, Ask, Route } from '../../gateway/http/door.ts'
import { asWritten, parseLexical } from '../../proto/lexical-json.ts'
import { LIMITS } from '../limits.ts'
import { Denied } from '../reasons.ts'
import type { Authenticate } from '../sign-in/authenticate.ts'
import { type Caller, NOBODY } from '../sign-in/caller.ts'
import type { IdempotentReplies } from './idempotent-replies.ts'
import { isDeeperThan } from './is-deeper-than.ts'
import { type PathMatch, PathTable } from './match-path.ts'
import { problemOf } from './problem.ts'
import { queryReader, type ReadQuery } from './read-query.ts'
import type { ApiRoute, BodyDoc, Call, Reply } from './route.ts'

export interface DispatchOptions {
  routes: readonly ApiRoute[]
  authenticate: Authenticate
  idempotent: IdempotentReplies
  /** False until there is a catalog: whoever asks then is told to come again. */
  isReady: () => boolean
}

/** A route with what is compiled of it. */
interface Operation extends Pick<ApiRoute, 'path' | 'method'> {
  route: ApiRoute
  readQuery: ReadQuery
}

const WANTS = [
  'authorization',
  'if-match',
  'idempotency-key',
  'content-type',
  'content-encoding',
  'accept',
] as const

/** The door routes behind which the API lives: its streams by their own paths, all else below `/api/`. */
export function apiDoorRoutes(options: DispatchOptions): Route[] {
  const table = new PathTable(options.routes.map(operationOf))
  const handle: Route['handle'] = (ask, answer) => answerTo(ask, answer, { ...options, table })
  return [
    ...options.routes.flatMap(({ method, path, body }): Route[] => {
      const bodyBytesMax = body?.kind === 'ndjson' ? Number.POSITIVE_INFINITY : body?.bytesMax
      if (bodyBytesMax === undefined) return []
      const tooLarge = tooLargeAnswer(bodyBytesMax)
      return [{ method, path, wants: WANTS, body: 'stream', bodyBytesMax, tooLarge, handle }]
    }),
    {
      method: 'ANY',
      path: '/api/*',
      wants: WANTS,
      body: 'whole',
      bodyBytesMax: LIMITS.jsonBytesMax,
      tooLarge: tooLargeAnswer(LIMITS.jsonBytesMax),
      handle,
    },
  ]
}

/** What the door answers for us, since it reads the body. */
function tooLargeAnswer(bodyBytesMax: number): NonNullable<Route['tooLarge']> {
  const reason = `the body is longer than ${bodyBytesMax / (1024 * 1024)} MiB`
  const { headers, body } = problemOf(new Denied('too_large', reason))!
  const answer = { headers: [...COMMON, ...headers], body }
  return () => answer
}

function operationOf(route: ApiRoute): Operation {
  const { path, method } = route
  return { path, method, route, readQuery: queryReader(route.query) }
}

type Dispatch = DispatchOptions & { table: PathTable<Operation> }

async function answerTo(ask: Ask, answer: Answer, dispatch: Dispatch): Promise<void> {
  try {
    send(answer, await replyTo(ask, dispatch))
  } catch (error) {
    const problem = problemOf(error)
    if (!problem) throw error
    answer.send(problem.status, [...COMMON, ...problem.headers], problem.body)
  }
}

/** Who asks comes first: what is there, and what is not, is nobody else's business. */
async function replyTo(
  ask: Ask,
  { table, authenticate, idempotent, isReady }: Dispatch,
): Promise<Reply> {
  const found = table.find(ask.path, ask.method)
  const operation = found?.byMethod.get(ask.method)
  const isOpen = operation?.route.permission === 'anyone'
  const caller = isOpen ? NOBODY : authenticate(ask.headers[0]!)
  if (!caller) throw unauthorized()
  if (!found || !operation) throw notServed(found)
  if (operation.route.permission === 'exchange' && !caller.actor.operator)
    throw refuse('forbidden', '', 'a partner key may not do this')
  if (!isOpen && !isReady()) throw new Denied('starting', 'the catalog is not loaded yet', RETRY)
  const call = await callOf(ask, { caller, operation, params: found.params })
  if (operation.route.isCreating) return idempotent.handle(operation.route, call)
  return operation.route.handle(call)
}

const RETRY = ['retry-after', '1']

function unauthorized(): Denied {
  const reason = 'send authorization: Bearer <operator token or partner key>'
  return new Denied('unauthorized', reason, ['www-authenticate', 'Bearer'])
}

function notServed(found: PathMatch<Operation> | undefined): Denied {
  if (!found) return new Denied('unknown_path', 'see /api/openapi.json for what there is')
  const methods = [...found.byMethod.keys()].join(', ')
  return new Denied('wrong_method', `it answers to ${methods}`, ['allow', methods])
}

async function callOf(
  ask: Ask,
  { caller, operation, params }: { caller: Caller; operation: Operation; params: Call['params'] },
): Promise<Call> {
  const [, ifMatch, idempotencyKey, contentType, contentEncoding, accept] = ask.headers as string[]
  const headers = {
    ifMatch: ifMatch!,
    idempotencyKey: idempotencyKey!,
    contentType: contentType!,
    contentEncoding: contentEncoding!.toLowerCase(),
    accept: accept!.toLowerCase(),
  }
  const query = operation.readQuery(ask.query)
  const doc = operation.route.body
  const isWhole = doc && doc.kind !== 'ndjson'
  const body = isWhole ? bodyOf(await bytesOf(ask), headers, doc) : undefined
  return { caller, params, query, body, headers, stream: ask.stream ?? NO_STREAM }
}

const NO_STREAM: AsyncIterable<Uint8Array> = (async function* () {})()

async function bytesOf({ body, stream }: Ask): Promise<Uint8Array> {
  if (!stream) return body
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

function bodyOf(bytes: Uint8Array, { contentEncoding }: Call['headers'], doc: BodyDoc): unknown {
  if (contentEncoding !== '' && contentEncoding !== 'identity')
    throw new Denied('unsupported', 'this body is sent without content coding')
  if (bytes.byteLength === 0) return undefined
  let body: unknown
  try {
    const text = UTF8.decode(bytes)
    if (doc.kind === 'text') return text
    body = doc.asWritten ? parseLexical(text, asWritten(doc.asWritten)) : JSON.parse(text)
  } catch {
    const reason = doc.kind === 'text' ? 'the body is not UTF-8' : 'the body is not JSON'
    throw refuse('invalid', '', reason)
  }
  if (isDeeperThan(body, LIMITS.jsonDepthMax)) throw refuse('invalid', '', TOO_DEEP)
  return body
}

const TOO_DEEP = `the body is nested more than ${LIMITS.jsonDepthMax} levels deep`

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const COMMON = ['cache-control', 'no-store', 'x-content-type-options', 'nosniff']

function send(answer: Answer, { status, body, text, version, headers: more = [] }: Reply): void {
  const etag = version === undefined ? [] : ['etag', `"${version}"`]
  const headers = [...COMMON, ...etag, ...more]
  if (text) answer.send(status, [...headers, 'content-type', text.type], text.text)
  else if (body === undefined) answer.send(status, headers)
  else answer.send(status, [...headers, 'content-type', 'application/json'], JSON.stringify(body))
}
