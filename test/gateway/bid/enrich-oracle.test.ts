import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NAMESPACE_KIND, type Namespace } from '../../../audience/namespace.ts'
import { Kind } from '../../../proto/bid-facts.ts'
import { type BidAnswer, BidHouse } from '../../support/bid-house.ts'
import { corpusLines } from '../../support/corpus.ts'
import { parseOrdered } from '../../support/ordered-json.ts'
import { seeded } from '../../support/random.ts'
import { type AskedBy, type Expected, expected, sortedData, TOKEN } from './oracle/expected.ts'
import { oddRequest } from './oracle/odd-request.ts'
import { under } from './oracle/request-paths.ts'
import { BUYERS, MATCHES, oracleWorld } from './oracle/world.ts'

// Random requests against a slow reading of the rules (docs/endpoints/enrich.md, docs/decisions/0006) that shares no code with the bid path. Again with
// ENRICH_SEED=<seed>, longer with ENRICH_ROUNDS=<cases>.

const SEED = Number(process.env['ENRICH_SEED'] ?? 20261126)
const ROUNDS = Number(process.env['ENRICH_ROUNDS'] ?? 2_000)
const FAR_DAY = 60_000

let house: BidHouse

beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(oracleWorld)
  const namespaces = house.audience.feed.current()!.kind(NAMESPACE_KIND)
  const end = ([source, value]: [string, string]) => ({
    namespace: (namespaces.get(source)!.value as Namespace).number,
    value,
  })
  const outcomes = await house.audience.link(
    MATCHES.map(([a, b, owner]) => ({
      a: end(a),
      b: end(b),
      owner: owner === '' ? 0 : house.exchange.catalog()!.partner(owner)!.number,
      method: 0,
      firstSeenDay: 1,
      lastSeenDay: 1,
      expiryDay: FAR_DAY,
    })),
  )
  expect(outcomes.every((one) => one.ok)).toBe(true)
  await house.audience.poke()
})
afterAll(() => house.close())

describe(`requests of every shape (seed ${SEED})`, () => {
  test('are answered by the rules, all other bytes in place', async () => {
    const random = seeded(SEED)
    const seen = { added: 0, deals: 0, domains: 0, words: new Map<string, number>() }
    for (let i = 0; i < ROUNDS; i++) {
      const request = oddRequest(random)
      const by = {
        buyer: random.pick(['dsp-a', ...BUYERS]),
        x: random.pick([undefined, undefined, 'exch-a', 'exch-b', 'nobody']),
      }
      const hoped = expected(request, by)
      await check(request, by, hoped)
      if (hoped.data.length > 0) seen.added++
      if (hoped.deals.size > 0) seen.deals++
      if (hoped.domains.length > 0) seen.domains++
      seen.words.set(hoped.word, (seen.words.get(hoped.word) ?? 0) + 1)
      if (i % 4 === 0) await checkPreferences(request, by, hoped)
    }
    expect(seen.added).toBeGreaterThan(ROUNDS / 10)
    expect(seen.deals).toBeGreaterThan(ROUNDS / 10)
    expect(seen.domains).toBeGreaterThan(ROUNDS / 200)
    for (const word of ['denied', 'none', 'stranger', ''])
      expect(seen.words.get(word), word).toBeGreaterThan(ROUNDS / 50)
  })
})

const foreign = corpusLines('openrtb/requests.ndjson')

describe.skipIf(foreign.length === 0)(`requests nobody here wrote (seed ${SEED})`, () => {
  test('with people and signals of ours are answered by the rules', async () => {
    const random = seeded(SEED)
    for (const line of foreign) {
      const request = grafted(line, oddRequest(random), random.int(3))
      const by = { buyer: random.pick(BUYERS), x: random.pick([undefined, 'exch-a', 'exch-b']) }
      await check(request, by, expected(request, by))
    }
  })
})

const GRAFTS = ['user', 'regs', 'device']

/** A request with the `user`, `regs` and `device` of another, put in after its first few members. */
function grafted(line: Buffer, other: Buffer, after: number): Buffer {
  const kept = membersOf(line).filter(([name]) => !GRAFTS.includes(name))
  const grafts = membersOf(other).filter(([name]) => GRAFTS.includes(name))
  const members = [...kept.slice(0, after), ...grafts, ...kept.slice(after)]
  return Buffer.from(`{${members.map(([, text]) => text).join(',')}}`)
}

/** Members of an object by name, each with its text. */
function membersOf(bytes: Buffer): [name: string, text: string][] {
  return parseOrdered(bytes).members.map(([name, { kind, start, end }]) => {
    const quote = kind === Kind.text || kind === Kind.escapedText ? 1 : 0
    const value = bytes.toString('utf8', start - quote, end + quote)
    return [name, `${JSON.stringify(name)}:${value}`]
  })
}

function ask(
  request: Buffer,
  by: AskedBy,
  headers: Record<string, string> = {},
): Promise<BidAnswer> {
  const query = by.x === undefined ? '' : `x=${by.x}`
  return house.enrich(request, { buyer: by.buyer, query, headers })
}

async function check(request: Buffer, by: AskedBy, hoped: Expected): Promise<void> {
  const got = await ask(request, by)
  const about = `${JSON.stringify(by)} ${request}`
  expect(got.status, about).toBe(hoped.status)
  if (hoped.status !== 200) return
  const shown = withoutTokens(got.body)
  expect(answered(request, shown, hoped), about).toBe(shown)
  const isSame = got.body.equals(request)
  expect(isSame, about).toBe(hoped.data.length + hoped.deals.size === 0)
  const reason = got.headers['x-passerelle-reason']
  expect(isSame ? wordOf(String(reason)) : reason, about).toBe(isSame ? hoped.word : undefined)
  const again = await ask(got.body, by)
  expect(again.body.toString(), `again: ${about}`).toBe(got.body.toString())
  expect(again.headers['x-passerelle-reason']).toBeDefined()
}

/** Every answer has tokens of its own. */
function withoutTokens(answer: Buffer): string {
  return answer.toString().replaceAll(/"t":"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{48}"/g, `"t":"${TOKEN}"`)
}

function wordOf(reason: string): Expected['word'] {
  if (reason.startsWith('denied_')) return 'denied'
  if (reason === 'no_ids') return 'none'
  return reason === 'stranger' ? 'stranger' : ''
}

/**
 * The answer as it must be: what was added to `user.data` must be the hoped objects in some order, and is
 * then placed, with the deals, where it belongs in the request.
 */
function answered(request: Buffer, answer: string, hoped: Expected): string {
  const root = parseOrdered(request)
  const edits: { at: number; text: string }[] = []
  if (hoped.data.length > 0) {
    const got = JSON.parse(answer).user.data.slice(-hoped.data.length) as {
      segment: { id: string }[]
    }[]
    expect(got.map(sortedData).sort()).toEqual(hoped.data)
    edits.push(addition(root, ['user', 'data'], got.map((one) => JSON.stringify(one)).join(',')))
  }
  const imps = under(root, 'imp')[0]?.items ?? []
  for (const [i, deals] of hoped.deals) {
    const ids = (one: string) => (JSON.parse(one) as { id: string }).id
    const got = (JSON.parse(answer).imp[i].pmp.deals as { id: string }[]).slice(-deals.length)
    const ordered = got.map(({ id }) => deals.find((one) => ids(one) === id) ?? `no ${id}`)
    expect(new Set(ordered).size).toBe(deals.length)
    edits.push(addition(imps[i]!, ['pmp', 'deals'], ordered.join(',')))
  }
  if (hoped.domains.length > 0) {
    const { transparency } = JSON.parse(answer).regs.ext.dsa
    const got = transparency.slice(-hoped.domains.length) as { domain: string }[]
    expect(got.map(({ domain }) => domain).sort()).toEqual([...hoped.domains].sort())
    const entries = got.map(({ domain }) => JSON.stringify({ domain, dsaparams: [1] }))
    edits.push(addition(root, ['regs', 'ext', 'dsa', 'transparency'], entries.join(',')))
  }
  edits.sort((a, b) => b.at - a.at)
  let bytes = request
  for (const { at, text } of edits)
    bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)])
  return bytes.toString()
}

/** Where elements of the list at `path` go, with whatever of the path is not there yet around them. */
function addition(from: ReturnType<typeof parseOrdered>, path: string[], elements: string) {
  let value = from
  let i = 0
  for (let next = under(value, path[0]!)[0]; next !== undefined; next = under(value, path[i]!)[0]) {
    value = next
    if (++i === path.length) break
  }
  let text = elements
  for (const [k, name] of path.slice(i).reverse().entries())
    text = k === 0 ? `"${name}":[${text}]` : `"${name}":{${text}}`
  const isEmpty = value.members.length + value.items.length === 0
  return { at: value.end - 1, text: isEmpty ? text : `,${text}` }
}

/** The same decision whatever form the answer is asked in. */
async function checkPreferences(request: Buffer, by: AskedBy, hoped: Expected): Promise<void> {
  if (hoped.status !== 200) return
  const about = `${JSON.stringify(by)} ${request}`
  const adds = hoped.data.length + hoped.deals.size > 0
  const plain = await ask(request, by)
  const minimal = await ask(request, by, { prefer: 'return=minimal' })
  expect(minimal.status, about).toBe(adds ? 200 : 204)
  if (adds) expect(withoutTokens(minimal.body), about).toBe(withoutTokens(plain.body))
  const additions = await ask(request, by, { prefer: 'return=additions' })
  expect(additions.status, about).toBe(adds ? 200 : 204)
  if (adds) {
    const { user, imp, regs } = JSON.parse(withoutTokens(additions.body))
    expect((user?.data ?? []).map(sortedData).sort(), about).toEqual(hoped.data)
    expect(imp?.length ?? 0, about).toBe(hoped.deals.size)
    expect(regs?.ext.dsa.transparency.length ?? 0, about).toBe(hoped.domains.length)
  }
  const packed = await ask(gzipSync(request), by, {
    'content-encoding': 'gzip',
    'accept-encoding': 'gzip',
  })
  const isPacked = packed.headers['content-encoding'] === 'gzip'
  const unpacked = isPacked ? gunzipSync(packed.body) : packed.body
  expect(withoutTokens(unpacked), about).toBe(withoutTokens(plain.body))
  const traced = await ask(request, by, { prefer: 'trace' })
  const { passerelle } = JSON.parse(traced.body.toString()).ext
  if (hoped.word === 'denied') expect(Object.keys(passerelle), about).toEqual(['consent'])
  else checkTrace(passerelle, hoped, about)
}

function checkTrace(
  trace: { segments: string[]; deals: string[] },
  hoped: Expected,
  about: string,
): void {
  const added = hoped.data.flatMap(
    (one) => (JSON.parse(one) as { segment: { id: string }[] }).segment,
  )
  expect(new Set(trace.segments), about).toEqual(new Set(added.map(({ id }) => id)))
  const deals = [...hoped.deals.values()]
    .flat()
    .map((one) => (JSON.parse(one) as { id: string }).id)
  expect(new Set(trace.deals), about).toEqual(new Set(deals))
}
