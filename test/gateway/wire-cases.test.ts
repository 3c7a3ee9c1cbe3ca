import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import { caseWorld, type World } from '../support/bid-house.ts'
import { PAGE, PageWorld } from '../support/page-world.ts'

// Golden requests and answers of every wire that is a drop-in of others, or stands in pages: test/cases/wires. Each goes
// over a real socket, byte by byte as the client sends it; names that begin with @ stand for keys.

interface Case {
  name: string
  /** `GET /v2/targeting?…` */
  request: string
  headers?: Record<string, string>
  /** A body: JSON as it stands here, or the very bytes. */
  json?: unknown
  hex?: string
  status: number
  /** Headers that must be there, and those that must not (null). */
  answerHeaders?: Record<string, string | null>
  /** The body: JSON as it stands here, or the very text or bytes; none of them: empty. */
  answer?: unknown
  answerText?: string
  answerHex?: string
}

const folder = new URL('../cases/wires/', import.meta.url)
const ON_THE_EDGE = /^\S+ \/(prebid\/|mcp$)/
let pages: PageWorld
let names: Record<string, string>

beforeAll(async () => {
  pages = await PageWorld.open({ world: world() })
  const { house } = pages
  const body = { scopes: ['wire:xandr'] }
  const operator = { operator: true }
  const { key: token } = await house.exchange.desk.createKey(operator, {
    partner: 'north-dsp',
    body,
  })
  await join(['north-dsp', 'driver'], ['pubcid.org', 'pub-7'])
  names = {
    ...{ key: house.keys.get('north-dsp')!, token, 'page-key': pages.key, page: PAGE },
    cookie: await pages.cookieOf('north-dsp', 'driver'),
    'cookie-of-nobody': await pages.cookieOf('north-dsp', 'met-and-unknown'),
  }
})
afterAll(() => pages.close())

/** That of the enrich cases, where Hill's segment has a name of its own for North, which may be told ids. */
function world(): World {
  const cases = caseWorld()
  Object.assign(cases.contracts['hill-north']!, { externalIds: { cars: 'HILLKEY-8' } })
  const uses = ['identity']
  const ids = { seller: 'data-hill', buyer: 'north-dsp', segments: ['cars'], uses }
  return { ...cases, contracts: { ...cases.contracts, 'hill-ids': ids } }
}

async function join(...ends: [string, string][]): Promise<void> {
  const { audience } = pages.house
  const namespaces = audience.feed.current()!.kind(NAMESPACE_KIND)
  const [a, b] = ends.map(([source, value]) => ({
    namespace: (namespaces.get(source)!.value as Namespace).number,
    value,
  }))
  await audience.link([
    { a: a!, b: b!, owner: 0, method: 3, firstSeenDay: 1, lastSeenDay: 1, expiryDay: 40_000 },
  ])
  await audience.poke()
}

for (const shelf of ['exemplary', 'supplemental'])
  for (const file of readdirSync(new URL(`${shelf}/`, folder)))
    describe(`${shelf}/${file}`, () => {
      const cases = JSON.parse(readFileSync(new URL(`${shelf}/${file}`, folder), 'utf8')) as Case[]
      test.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => check(one))
    })

async function check(one: Case): Promise<void> {
  const { status, headers, body } = await asked(one)
  expect([status, headers['x-passerelle-reason']]).toEqual([
    one.status,
    one.answerHeaders?.['x-passerelle-reason'] ?? undefined,
  ])
  for (const [name, value] of Object.entries(one.answerHeaders ?? {}))
    expect([name, headers[name] ?? null]).toEqual([name, value === null ? null : filled(value)])
  const text = withoutNames(body.toString())
  if (one.answer !== undefined)
    expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(one.answer))
  else if (one.answerHex !== undefined) expect(body.toString('hex')).toBe(one.answerHex)
  else expect(text).toBe(one.answerText ?? '')
}

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

function asked({ request, headers = {}, json, hex }: Case): Promise<Answer> {
  const [method, path] = filled(request).split(' ') as ['GET' | 'POST', string]
  const sent = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, filled(v)]))
  const body =
    hex === undefined ? filled(json === undefined ? '' : JSON.stringify(json)) : bytesOf(hex)
  if (ON_THE_EDGE.test(request)) return overEdge({ method, path, headers: sent, body })
  const { house } = pages
  return method === 'GET' ? house.get(path, sent) : house.post(path, body, sent)
}

interface Sent {
  method: string
  path: string
  headers: Record<string, string>
  body: string | Uint8Array
}

async function overEdge({ method, path, headers, body }: Sent): Promise<Answer> {
  const url = `http://127.0.0.1:${pages.edge.port}${path}`
  const sent = body.length > 0 ? { body: Buffer.from(body) } : {}
  const answer = await fetch(url, { method, headers, ...sent })
  const bytes = Buffer.from(await answer.arrayBuffer())
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: bytes }
}

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const filled = (text: string) => text.replace(/@([a-z-]+)/g, (whole, name) => names[name] ?? whole)

/** The name of a decision goes with the version of the catalog. */
function withoutNames(text: string): string {
  return text
    .replace(/decision":"[\w-]{16}"/, 'decision":"<decision>"')
    .replaceAll(/model_version(\\?":\\?")\d+/g, 'model_version$1<version>')
}
