import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { transpiled } from './transpiled.ts'

let built: string
const running = new Set<FakeInstance>()

beforeAll(() => {
  built = transpiled()
})
afterEach(() => {
  for (const one of running) one.kill()
  running.clear()
})
afterAll(() => rmSync(built, { recursive: true, force: true }))

describe('an instance', () => {
  test('is ready on every door once every process listens', async () => {
    const instance = await FakeInstance.start()
    for (const port of instance.ports) {
      const { status, body } = await get(port, '/health/ready')
      expect(status).toBe(200)
      expect(JSON.parse(body)).toEqual({
        ready: true,
        missing: [],
        degraded: [],
        bindings: { gateway: 'node:http', edge: 'node:http', console: 'node:http' },
      })
    }
    expect(instance.processes()).toHaveLength(5)
  })

  test('starts a killed process again, and says meanwhile what is missing', async () => {
    const instance = await FakeInstance.start()
    const [, edgePort, deskPort] = instance.ports
    const pid = Number((await get(edgePort, '/pid')).body)
    process.kill(pid, 'SIGKILL')
    await until(async () => {
      const { status, body } = await get(deskPort, '/health/ready')
      return status === 503 && JSON.parse(body).missing.join() === 'edge'
    })
    await until(async () => (await get(deskPort, '/health/ready')).status === 200)
    expect(Number((await get(edgePort, '/pid')).body)).not.toBe(pid)
  })

  test('stays ready, degraded, while one of two bid processes restarts', async () => {
    const instance = await FakeInstance.start()
    const [bidPort, , deskPort] = instance.ports
    process.kill(Number((await get(bidPort, '/pid')).body), 'SIGKILL')
    await until(async () => {
      const { status, body } = await get(deskPort, '/health/ready')
      expect(status).toBe(200)
      return JSON.parse(body).degraded[0]?.finding === 'workers'
    })
    await until(async () => (await get(deskPort, '/health/ready')).body.includes('"degraded":[]'))
  })

  test('restarts a process that threw where nobody catches', async () => {
    const instance = await FakeInstance.start()
    const [, edgePort] = instance.ports
    const pid = (await get(edgePort, '/pid')).body
    await get(edgePort, '/throw')
    await until(async () => {
      const said = await get(edgePort, '/pid')
      return said.status === 200 && said.body !== pid
    })
    expect(instance.said).toContain('nobody catches this')
  })

  test('tells the trouble of one process on every door, and stays ready', async () => {
    const instance = await FakeInstance.start()
    const [bidPort, edgePort, deskPort] = instance.ports
    await get(edgePort, '/trouble')
    for (const port of [bidPort, edgePort, deskPort])
      await until(async () => {
        const { status, body } = await get(port, '/health/ready')
        return status === 200 && JSON.parse(body).degraded[0]?.finding === 'unreachable'
      })
  })

  test('brings the metrics of all processes to the desk', async () => {
    const instance = await FakeInstance.start()
    const [bidPort, , deskPort] = instance.ports
    await get(bidPort, '/pid')
    const { body } = await get(deskPort, '/metrics')
    const lines = body.split('\n').filter((line) => line.startsWith('passerelle_bid_requests'))
    const workers = lines.map((line) => /worker="([^"]+)"/.exec(line)?.[1]).sort()
    expect(workers).toEqual(['bid 1', 'bid 2', 'desk', 'edge'])
    expect(lines.filter((line) => line.includes('bid')).some((line) => line.endsWith(' 1'))).toBe(
      true,
    )
  })

  test('answers what is under way on SIGTERM, and exits 0 with all its processes', async () => {
    const instance = await FakeInstance.start()
    const slow = get(instance.ports[1], '/slow')
    await until(async () => (await get(instance.ports[1], '/pid')).status === 200)
    process.kill(-instance.child.pid!, 'SIGTERM')
    expect((await slow).body).toBe('slow')
    expect(await instance.ended()).toBe(0)
    expect(instance.processes()).toEqual([])
    expect(readdirSync(instance.dataDir)).toEqual([])
  })

  test('leaves no process behind when its supervisor is killed', async () => {
    const instance = await FakeInstance.start()
    process.kill(instance.child.pid!, 'SIGKILL')
    await instance.ended()
    await until(async () => instance.processes().length === 0, 1_000)
  })
})

describe('a data directory', () => {
  test('serves one instance: a second refuses to start and names the variable', async () => {
    const first = await FakeInstance.start()
    const second = FakeInstance.spawn(first.dataDir, first.ports)
    expect(await second.ended()).not.toBe(0)
    expect(second.said).toContain('PASSERELLE_DATA')
    expect((await get(first.ports[0], '/health/ready')).status).toBe(200)
  })

  test('is taken over at once after kill -9', async () => {
    const first = await FakeInstance.start()
    process.kill(-first.child.pid!, 'SIGKILL')
    await first.ended()
    const second = await FakeInstance.start(first.dataDir)
    expect((await get(second.ports[0], '/health/ready')).status).toBe(200)
  })

  test('goes to exactly one of many that start at once on an abandoned lock', async () => {
    const gone = await FakeInstance.start()
    process.kill(-gone.child.pid!, 'SIGKILL')
    await gone.ended()
    const starters = await Promise.all(
      Array.from({ length: 4 }, async () => FakeInstance.spawn(gone.dataDir, await freePorts())),
    )
    const outcomes = await Promise.all(
      starters.map((one) => Promise.race([one.ready().then(() => 'ready'), one.ended()])),
    )
    expect(outcomes.filter((outcome) => outcome === 'ready')).toHaveLength(1)
  })
})

type Ports = [bid: number, edge: number, desk: number]

/** fake-main.ts in a process group of its own. */
class FakeInstance {
  said = ''
  readonly child: ChildProcess
  readonly dataDir: string
  readonly ports: Ports
  private readonly exit: Promise<number | null>

  private constructor(dataDir: string, ports: Ports) {
    this.dataDir = dataDir
    this.ports = ports
    const [bid, edge, desk] = ports.map(String)
    this.child = spawn(process.execPath, [join(built, 'test/gateway/supervisor/fake-main.js')], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        FAKE_DATA: dataDir,
        FAKE_BID_PORT: bid,
        FAKE_EDGE_PORT: edge,
        FAKE_DESK_PORT: desk,
      },
    })
    this.child.stdout!.on('data', (chunk) => (this.said += chunk))
    this.child.stderr!.on('data', (chunk) => (this.said += chunk))
    this.exit = once(this.child, 'exit').then(([code]) => code as number | null)
    running.add(this)
  }

  static spawn(dataDir: string, ports: Ports): FakeInstance {
    return new FakeInstance(dataDir, ports)
  }

  static async start(dataDir = mkdtempSync(join(built, 'data-'))): Promise<FakeInstance> {
    const instance = new FakeInstance(dataDir, await freePorts())
    await Promise.race([
      instance.ready(),
      instance.ended().then(() => Promise.reject(new Error(instance.said))),
    ])
    return instance
  }

  async ready(): Promise<void> {
    while (!this.said.includes('ready\n')) await once(this.child.stdout!, 'data')
  }

  ended(): Promise<number | null> {
    return this.exit
  }

  /** Ids of the living processes of its group. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && groupOf(name) === this.child.pid)
      .map(Number)
  }

  kill(): void {
    try {
      process.kill(-this.child.pid!, 'SIGKILL')
    } catch {
      // Gone already.
    }
  }
}

/** The process group; 0 for a process that is gone or only waits to be reaped. */
function groupOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 0 : Number(fields[2])
  } catch {
    return 0
  }
}

async function freePorts(): Promise<Ports> {
  return [await freePort(), await freePort(), await freePort()]
}

/** Status 0 where nobody answers. */
function get(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const req = http.get({ host: '127.0.0.1', port, path, agent: false }, (res) => {
      let body = ''
      res.on('data', (chunk) => (body += chunk))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body }))
      res.on('error', () => resolve({ status: 0, body: '' }))
    })
    req.on('error', () => resolve({ status: 0, body: '' }))
  })
}

/** Asks again until it holds; the asking itself takes the time. */
async function until(holds: () => Promise<boolean>, withinMs = 10_000): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
