import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { type Product, startProduct } from '../support/product.ts'

// A disk that is full, and has space again: files of the product's processes may not grow for a while.

const WAIT = { timeout: 60_000, interval: 50 }
const BATCH = 500
const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

test('a full disk is told as 503, and what was acknowledged before and after it is all there, once', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-full-'))
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
  let product = await startProduct({ dataDir })
  closers.push(() => product.stop())
  const writeKey = await furnish(product)
  const acknowledged: number[] = []
  const statuses = async (batch: number) => {
    const answer = await send(product, writeKey, batch)
    if (answer.status === 200) acknowledged.push(batch)
    return answer
  }
  expect((await statuses(0)).status).toBe(200)
  limitFiles(product, statSync(join(dataDir, 'data.mdb')).size + 65_536)
  let batch = 1
  let refused = await statuses(batch)
  while (refused.status === 200) refused = await statuses(++batch)
  expect([refused.status, refused.headers.get('x-passerelle-reason')]).toEqual([503, 'store_away'])
  expect(refused.headers.get('retry-after')).toBe('2')
  expect(await refused.text()).not.toMatch(/mdb|EFBIG|File too large/)
  limitFiles(product, undefined)
  await vi.waitFor(async () => expect((await statuses(batch)).status).toBe(200), WAIT)
  expect((await statuses(batch + 1)).status).toBe(200)
  const all = [...new Set(acknowledged)].length * BATCH
  await vi.waitFor(async () => expect(await counted(product)).toBe(all), WAIT)
  // Nothing on the disk is bent: it starts from it again, and has counted what it had.
  await product.kill()
  product = await startProduct({ dataDir })
  for (let again = 0; again <= batch + 1; again++)
    expect((await send(product, writeKey, again)).status).toBe(200)
  // What it had counted and not yet done with when it was killed comes once more by itself.
  await vi.waitFor(async () => expect(await repeated(product)).toBeGreaterThanOrEqual(all), WAIT)
  expect(await counted(product)).toBe(0)
}, 240_000)

/** Files of its processes may have so many bytes and no more; undefined: as many as they like. */
function limitFiles(product: Product, bytes: number | undefined): void {
  for (const name of ['edge', 'desk', 'bid 1'])
    execFileSync('prlimit', [
      `--pid=${product.pidOf(name)}`,
      `--fsize=${bytes ?? 'unlimited'}:unlimited`,
    ])
}

async function furnish(product: Product): Promise<string> {
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  await put('partners/dmp', { name: 'x', domain: 'x.example', roles: ['dmp'], region: 'US' })
  const namespaces = { anonymousId: 'shop.anon' }
  await put('sources/shop', { name: 'Shop', kind: 'web', owner: 'dmp', namespaces })
  await put('traits/any', { name: 'any', owner: 'dmp', when: 'type == "track"', ttlDays: 30 })
  return (await product.must('POST', '/api/sources/shop/keys', { body: {} })).key
}

/** Message ids are long, so that the disk is full soon. */
function send({ edgePort }: Product, writeKey: string, number: number): Promise<Response> {
  const batch = Array.from({ length: BATCH }, (_, i) => ({
    ...{ type: 'track', event: 'x', anonymousId: `a${number}-${i}` },
    messageId: `${number}-${i}-${'m'.repeat(200)}`,
  }))
  return fetch(`http://127.0.0.1:${edgePort}/v1/batch`, {
    method: 'POST',
    body: JSON.stringify({ batch, writeKey }),
  })
}

const counted = (product: Product) => events(product, 'counted')
const repeated = (product: Product) => events(product, 'repeated')

/** What the desk has counted since it started, by its metrics. */
async function events(product: Product, outcome: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${product.consolePort}/metrics`)).text()
  const line = new RegExp(`passerelle_events_total\\{outcome="${outcome}"[^}]*\\} (\\d+)`)
  return Number(line.exec(text)?.[1] ?? 0)
}
