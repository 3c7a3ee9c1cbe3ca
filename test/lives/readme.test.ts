import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Product, startProduct } from '../support/product.ts'

// README's examples as they are printed there, in a shell, against the demo world; only ports are this test's own.

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const readme = readFileSync(`${root}/README.md`, 'utf8')
const TOKEN = 'operator-of-the-readme-0123456789'
const PATIENT = 240_000

let product: Product
beforeAll(async () => {
  product = await startProduct({ env: { PASSERELLE_DEMO: 'on', PASSERELLE_ADMIN_TOKEN: TOKEN } })
}, PATIENT)
afterAll(() => product?.stop())

/** Blocks of code below a heading, up to the next one. */
function blocks(heading: string, language: string): string[] {
  const [, section = ''] = readme.split(`\n## ${heading}\n`)
  const text = section.split('\n## ')[0]!
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(
    ([, one]) => one!,
  )
}

async function shell(commands: string): Promise<string> {
  const here = commands
    .replaceAll('localhost:8080', `localhost:${product.gatewayPort}`)
    .replaceAll('localhost:8082', `localhost:${product.edgePort}`)
  const url = `http://127.0.0.1:${product.consolePort}`
  const env = { ...process.env, PASSERELLE_URL: url, PASSERELLE_ADMIN_TOKEN: TOKEN }
  const child = spawn('bash', ['-euo', 'pipefail', '-c', here], { cwd: root, env })
  let said = ''
  let failed = ''
  child.stdout.on('data', (text) => (said += text))
  child.stderr.on('data', (text) => (failed += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${commands}\n${code}: ${said}${failed}`)
  return said
}

test('the first: a request and its enriched answer', async () => {
  const heading = 'A request and its enriched answer'
  const [commands] = blocks(heading, 'sh')
  const [answer] = blocks(heading, 'json')
  expect((await shell(commands!)).trim()).toBe(answer!.trim())
})

test(
  'the second: from analytics.track(...) to a bid request',
  async () => {
    const [commands] = blocks('From `analytics.track(...)` to a bid request', 'sh')
    const asks = commands!.lastIndexOf('\ncurl')
    const ask = commands!.slice(asks)
    expect(await shell(ask)).not.toContain('demo-new-cars')
    await shell(commands!.slice(0, asks))
    // As the shell shows it, a moment later.
    const timeout = { timeout: 30_000, interval: 100 }
    await vi.waitFor(
      async () => expect(await shell(ask)).toContain('"segment":[{"id":"demo-new-cars"}]'),
      timeout,
    )
    const searched = {
      ...{ event: 'Products Searched', planned: false, count: 3 },
      properties: [{ property: 'category' }, { property: 'query', types: { string: 3 } }],
    }
    await vi.waitFor(async () => {
      const seen = await product.must('GET', '/api/sources/shop/schema', { token: TOKEN })
      expect(seen.events).toMatchObject([searched])
    }, timeout)
    const printed = JSON.parse(await shell('npx passerelle source schema shop'))
    expect(printed.events).toMatchObject([searched])
  },
  PATIENT,
)
