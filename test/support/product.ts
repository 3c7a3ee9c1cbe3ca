import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import { freePort } from './free-port.ts'

/** The product as its start command runs it: processes of its own, spoken to over HTTP. */
export interface Product {
  readonly gatewayPort: number
  readonly consolePort: number
  readonly edgePort: number
  readonly grpcPort: number
  readonly dataDir: string
  /** Asks the control API as the operator, unless a token is given; fails the test where refused. */
  must(method: string, path: string, asked?: ProductAsked): Promise<Answered>
  /** Sends a bid request with a buyer's key. */
  enrich(key: string, body: string): Promise<{ status: number; reason: string; text: string }>
  /** Process ids of the instance's processes by name, e.g. `bid 1`; the supervisor's is `supervisor`. */
  pidOf(name: string): number
  /** What its processes wrote to their output: the last million characters. */
  said(): string
  /** Ends everything at once, as a machine does that stops: `kill -9` of all its processes. */
  kill(): Promise<void>
  /** Ends everything in good order and removes its folder, unless it was given one. */
  stop(): Promise<void>
}

export interface ProductAsked {
  body?: unknown
  /** Sent as it is, as NDJSON. */
  lines?: readonly object[]
  /** Sent as it comes. */
  stream?: AsyncIterable<Uint8Array>
  token?: string
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests
export type Answered = any

export interface ProductOptions {
  /** PASSERELLE_STORE; default: the embedded store in a folder of its own. */
  store?: string
  env?: Readonly<Record<string, string>>
  /** PASSERELLE_DATA of an instance that was started before, or is to be again: whoever names it removes it. */
  dataDir?: string
  /** What is waited for: `live` does not need a store. Default `ready`. */
  until?: 'live' | 'ready'
}

const TOKEN = 'operator-of-this-test-0123456789'
const READY_MS_MAX = 90_000
const SAID_CHARS_MAX = 1_000_000

/** Starts `npm start`'s own script, which builds what is missing; resolves when all doors are ready, or live. */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const { store, env = {}, until = 'ready' } = options
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'passerelle-product-'))
  const [gatewayPort, consolePort, edgePort, grpcPort] = await Promise.all(
    [0, 0, 0, 0].map(() => freePort()),
  )
  const ports = {
    ...{ gatewayPort: gatewayPort!, consolePort: consolePort! },
    ...{ edgePort: edgePort!, grpcPort: grpcPort! },
  }
  const child = spawn(process.execPath, [scriptPath('start.mjs')], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PASSERELLE_STORE: store ?? `embedded:${dataDir}`,
      PASSERELLE_DATA: dataDir,
      PASSERELLE_GATEWAY_PORT: String(gatewayPort),
      PASSERELLE_CONSOLE_PORT: String(consolePort),
      PASSERELLE_EDGE_PORT: String(edgePort),
      PASSERELLE_GRPC_PORT: String(grpcPort),
      PASSERELLE_ADMIN_TOKEN: TOKEN,
      PASSERELLE_DEMO: 'off',
      PASSERELLE_WORKERS: '1',
      ...env,
    },
  })
  const product = new Running(child, ports, { dataDir, isKept: options.dataDir !== undefined })
  await product.answers(until)
  return product
}

class Running implements Product {
  readonly gatewayPort: number
  readonly consolePort: number
  readonly edgePort: number
  readonly grpcPort: number
  readonly dataDir: string
  readonly #child: ChildProcess
  readonly #isKept: boolean
  #said = ''

  constructor(
    child: ChildProcess,
    ports: Pick<Product, 'gatewayPort' | 'consolePort' | 'edgePort' | 'grpcPort'>,
    { dataDir, isKept }: { dataDir: string; isKept: boolean },
  ) {
    this.gatewayPort = ports.gatewayPort
    this.consolePort = ports.consolePort
    this.edgePort = ports.edgePort
    this.grpcPort = ports.grpcPort
    this.dataDir = dataDir
    this.#isKept = isKept
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream!.on('data', (text) => {
        this.#said = `${this.#said}${text}`.slice(-SAID_CHARS_MAX)
      })
  }

  async answers(until: 'live' | 'ready'): Promise<void> {
    const ports = [this.gatewayPort, this.consolePort, this.edgePort]
    const ask = async () => {
      if (this.#child.exitCode !== null) return
      const answers = await Promise.all(
        ports.map((port) => fetch(`http://127.0.0.1:${port}/health/${until}`)),
      )
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    }
    await vi.waitFor(ask, { timeout: READY_MS_MAX, interval: 100 }).catch(async () => {
      await this.stop()
      throw new Error(`the product is not ${until}: ${this.#said.slice(-4_000)}`)
    })
    if (this.#child.exitCode !== null) throw new Error(`the product ended: ${this.#said}`)
  }

  async must(method: string, path: string, asked: ProductAsked = {}): Promise<Answered> {
    const { body, lines, stream, token = TOKEN } = asked
    const text = lines?.map((line) => JSON.stringify(line)).join('\n') ?? JSON.stringify(body)
    const answer = await fetch(`http://127.0.0.1:${this.consolePort}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(text === undefined ? {} : { body: text }),
      ...(stream === undefined ? {} : { body: stream, duplex: 'half' }),
    } as RequestInit)
    const said = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said}`)
    return /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(said) : said
  }

  async enrich(key: string, body: string) {
    const answer = await fetch(`http://127.0.0.1:${this.gatewayPort}/openrtb2/enrich`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body,
    })
    const reason = answer.headers.get('x-passerelle-reason') ?? ''
    return { status: answer.status, reason, text: await answer.text() }
  }

  said(): string {
    return this.#said
  }

  pidOf(name: string): number {
    if (name === 'supervisor') return this.#child.pid!
    const [role, number = '1'] = name.split(' ')
    const found = childrenOf(this.#child.pid!).find(
      ({ args, worker }) => args.includes(role!) && worker === number,
    )
    if (!found) throw new Error(`there is no process ${name}`)
    return found.pid
  }

  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit')
    killGroup(this.#child.pid!)
    await gone
  }

  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) {
      const gone = once(this.#child, 'exit')
      const killer = setTimeout(() => killGroup(pid!), 10_000)
      this.#child.kill('SIGTERM')
      await gone
      clearTimeout(killer)
    }
    killGroup(pid!)
    if (!this.#isKept) rmSync(this.dataDir, { recursive: true, force: true })
  }
}

/** Whatever is left of the process group this test made. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {}
}

/** Processes of a parent, from /proc. */
function childrenOf(parent: number): { pid: number; args: string[]; worker: string | undefined }[] {
  const pids = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ')
  return pids.map(Number).map((pid) => {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return {
      pid,
      args: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'),
      worker: environment.find((one) => one.startsWith('PASSERELLE_WORKER='))?.split('=')[1],
    }
  })
}

function scriptPath(name: string): string {
  return fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url))
}
