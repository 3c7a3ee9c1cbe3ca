import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Product, startProduct } from '../support/product.ts'

// README's examples, and those of the wires' pages, as they are printed there, in a shell, against the demo world; only ports
// and keys that an example has just made are this test's own.

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
    .replaceAll('localhost:50051', `localhost:${product.grpcPort}`)
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
    await patiently(async () =>
      expect(await shell(ask)).toContain('"segment":[{"id":"demo-new-cars"}]'),
    )
    const searched = {
      ...{ event: 'Products Searched', planned: false, count: 3 },
      properties: [{ property: 'category' }, { property: 'query', types: { string: 3 } }],
    }
    await patiently(async () => {
      const seen = await product.must('GET', '/api/sources/shop/schema', { token: TOKEN })
      expect(seen.events).toMatchObject([searched])
    })
    const printed = JSON.parse(await shell('npx passerelle source schema shop'))
    expect(printed.events).toMatchObject([searched])
  },
  PATIENT,
)

/** A shell's, which may stand in a list. */
const BLOCK = /^(?<indent> *)```(?:sh)?\n(?<text>.*?)^\k<indent>```/gms

describe('pages of the wires', () => {
  const examples = (page: string) =>
    [...readFileSync(`${root}/docs/endpoints/${page}.md`, 'utf8').matchAll(BLOCK)]
      .map(({ groups }) => groups!['text']!)
      .filter((one) => /curl|npx passerelle/.test(one))
  const keyIn = (said: string) => /pk_[\w-]+/.exec(said)![0]

  test.each([
    ['enrich-protobuf', 0, 1],
    ['artf', 0, 3],
    ['drop-in', 0, 1],
    ['drop-in', 2, 1],
    ['drop-in', 4, 1],
  ])('%s, example %i: segments', async (page, at, times) => {
    const said = await shell(examples(page)[at]!)
    expect(said.split('demo-new-cars').length - 1).toBeGreaterThanOrEqual(times)
  })

  test('drop-in: ids that no contract tells, and a token for an address', async () => {
    const [, identity, , xandr] = examples('drop-in')
    expect(await shell(identity!)).toBe('{"eids":[]}')
    const [make, ask] = xandr!.trim().split('\n')
    const asked = ask!.replace('<token>', keyIn(await shell(make!)))
    await patiently(async () => expect(await shell(asked)).toMatch(/^demo-new-cars\n/))
  })

  test('prebid: a page key, and what a page is told by it', async () => {
    const [make, ask] = examples('prebid').filter((one) => !one.includes('gulp'))
    const lines = ask!
      .replace('pk_yours', keyIn(await shell(make!)))
      .trim()
      .split('\n')
    await shell(lines.slice(0, -1).join('\n'))
    const told = await patiently(async () => {
      const said = JSON.parse(await shell(lines.at(-1)!))
      expect(said.data).toHaveLength(1)
      return said
    })
    expect(told).toMatchObject({ deals: [{ id: 'demo-deal' }], bidders: ['north'] })
  })
})
