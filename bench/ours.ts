import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  anonMibOf,
  type Contender,
  freePort,
  groupCpuS,
  groupMember,
  startGroup,
  stopGroup,
} from './processes.ts'
import {
  BUYER,
  CACHED_PEOPLE,
  DEAL,
  EXCHANGE,
  IDS_EACH,
  type Person,
  PROVIDERS,
  SEGMENTS,
  UNSOLD,
} from './workload.ts'

const TOKEN = 'bench-operator-token-0123456789'
const PEOPLE_A_REQUEST = 20_000
const here = dirname(fileURLToPath(import.meta.url))

/** The product as a user starts it, with the bench's world seeded over its control API. */
export interface Ours extends Contender {
  /** Control API call; throws on status ≥ 300. */
  api(method: string, path: string, body: unknown): Promise<unknown>
  importPeople(people: Iterable<Person>): Promise<void>
  /** The browser door's address. */
  edgeUrl: string
  readonly grpcPort: number
  /** Where the control API is, and what to send with a request. */
  desk: { url: string; headers: Record<string, string> }
  /** Memory of the desk's process now, without mapped files, in MiB. */
  deskMib(): number
  /** Longest pause of the garbage collector in the bid process since this was asked last. */
  gcPauseMsMax(): Promise<number>
}

export interface OursOptions {
  /** PASSERELLE_STORE; an embedded one in a temp folder where absent. */
  store?: string
  cachedPeople?: number
  /** Bid processes. */
  workers?: number
}

export async function startOurs(
  name: string,
  { store, cachedPeople = CACHED_PEOPLE, workers = 1 }: OursOptions = {},
): Promise<Ours> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'))
  const [gateway, edge, desk, grpc] = [
    ...[await freePort(), await freePort()],
    ...[await freePort(), await freePort()],
  ] as [number, number, number, number]
  const child = startGroup(process.execPath, [join(here, '..', 'main.js')], {
    ...process.env,
    PASSERELLE_STORE: store ?? `embedded:${folder}`,
    PASSERELLE_DATA: folder,
    PASSERELLE_GATEWAY_PORT: String(gateway),
    PASSERELLE_EDGE_PORT: String(edge),
    PASSERELLE_CONSOLE_PORT: String(desk),
    PASSERELLE_GRPC_PORT: String(grpc),
    PASSERELLE_ADMIN_TOKEN: TOKEN,
    PASSERELLE_DEMO: 'off',
    PASSERELLE_WORKERS: String(workers),
    PASSERELLE_NEAR_CACHE_ROWS: String(cachedPeople * IDS_EACH),
  })
  const origin = `http://127.0.0.1:${desk}`
  await ready(child, [gateway, edge, desk])
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  const ours: Ours = {
    name,
    url: `http://127.0.0.1:${gateway}/openrtb2/enrich`,
    headers,
    cpuS: () => groupCpuS(child.pid!),
    edgeUrl: `http://127.0.0.1:${edge}`,
    grpcPort: grpc,
    desk: { url: origin, headers: { authorization: `Bearer ${TOKEN}` } },
    deskMib: () => anonMibOf(groupMember(child.pid!, 'desk')),
    api: async (method, path, body) => JSON.parse(await call(origin, method, path, body)),
    importPeople: (people) => importPeople(origin, people),
    gcPauseMsMax: async () => {
      const text = await call(origin, 'GET', '/metrics', undefined)
      const longest = /^passerelle_gc_pause_max_seconds\{worker="bid[^}]*\} (.*)$/m.exec(text)
      return Number(longest?.[1]) * 1000
    },
    stop: async () => {
      await stopGroup(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  headers['authorization'] = `Bearer ${await seedWorld(ours)}`
  return ours
}

async function ready(child: ChildProcess, ports: number[]): Promise<void> {
  let said = ''
  child.stdout?.on('data', (text) => (said += text))
  child.stderr?.on('data', (text) => (said += text))
  for (let tries = 0; tries < 1_200; tries++) {
    if (child.exitCode !== null) throw new Error(`passerelle ended: ${said.slice(-500)}`)
    const answers = await Promise.all(ports.map((port) => isReady(port)))
    if (answers.every(Boolean)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`passerelle is not ready: ${said.slice(-500)}`)
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok
  } catch {
    return false
  }
}

/** The text of the answer; throws on status ≥ 300. */
async function call(origin: string, method: string, path: string, body: unknown): Promise<string> {
  const answer = await fetch(origin + path, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': typeof body === 'string' ? 'application/x-ndjson' : 'application/json',
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path} → ${answer.status} ${text.slice(0, 300)}`)
  return text
}

async function seedWorld({ api }: Ours): Promise<string> {
  const partner = (roles: string[], one: { id: string; domain: string; gvlId?: number }) =>
    api('PUT', `/api/partners/${one.id}`, partnerBody(roles, one))
  await partner(['ssp'], EXCHANGE)
  await partner(['dsp'], BUYER)
  for (const provider of PROVIDERS) await partner(['dmp', 'data_provider'], provider)
  for (const segment of SEGMENTS)
    await api('PUT', `/api/segments/${segment.id}`, segmentBody(segment.owner.id))
  for (const id of UNSOLD) await api('PUT', `/api/segments/${id}`, segmentBody(PROVIDERS[0]!.id))
  for (const provider of PROVIDERS)
    await api('PUT', `/api/contracts/${provider.id}-sells`, contractBody(provider.id))
  await api('PUT', `/api/deals/${DEAL.id}`, dealBody([SEGMENTS[0]!.id]))
  const key = { exchange: EXCHANGE.id }
  return ((await api('POST', `/api/partners/${BUYER.id}/keys`, key)) as { key: string }).key
}

export function partnerBody(
  roles: string[],
  { id, domain, gvlId }: { id: string; domain: string; gvlId?: number },
): object {
  const more = gvlId === undefined ? {} : { gvlId }
  return { name: id, domain, roles, region: 'EU', status: 'active', ...more }
}

export function segmentBody(owner: string): object {
  return { name: 'bench', owner, provenance: 'third_party', ttlDays: 30, sensitive: false }
}

export function contractBody(
  seller: string,
  segments = SEGMENTS.filter((segment) => segment.owner.id === seller).map((segment) => segment.id),
): object {
  return {
    seller,
    buyer: BUYER.id,
    segments,
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    uses: ['bid_enrichment'],
    regions: [],
    startsAt: '2020-01-01T00:00:00Z',
    endsAt: '2099-01-01T00:00:00Z',
    billOn: 'billable',
    status: 'active',
  }
}

export function dealBody(any: string[]): object {
  const { id, ...terms } = DEAL
  return {
    name: id,
    seller: PROVIDERS[0]!.id,
    exchange: EXCHANGE.id,
    audience: { any },
    ...terms,
    wseat: [],
    wadomain: [],
    buyers: [BUYER.id],
    startsAt: '2020-01-01T00:00:00Z',
    endsAt: '2099-01-01T00:00:00Z',
    status: 'active',
  }
}

async function importPeople(origin: string, people: Iterable<Person>): Promise<void> {
  let lines: string[] = []
  const send = async () => {
    const answer = await call(origin, 'POST', '/api/memberships', `${lines.join('\n')}\n`)
    const { rejected } = JSON.parse(answer) as { rejected: number }
    if (rejected > 0) throw new Error(`${rejected} people rejected: ${answer}`)
    lines = []
  }
  for (const { uid, segments, unsold } of people) {
    lines.push(JSON.stringify({ source: BUYER.id, uid, add: [...segments, ...unsold] }))
    if (lines.length === PEOPLE_A_REQUEST) await send()
  }
  if (lines.length > 0) await send()
}
