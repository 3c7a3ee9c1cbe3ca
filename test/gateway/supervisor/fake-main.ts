import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../audience/clock.ts'
import type { Route } from '../../../gateway/http/door.ts'
import { healthRoutes } from '../../../gateway/http/health-routes.ts'
import { openNodeDoor } from '../../../gateway/http/open-node-door.ts'
import { openLog } from '../../../gateway/log.ts'
import { Metrics } from '../../../gateway/metrics/counters.ts'
import { promText } from '../../../gateway/metrics/prom.ts'
import { lockDataDir } from '../../../gateway/supervisor/data-lock.ts'
import { joinInstance } from '../../../gateway/supervisor/join-instance.ts'
import { supervise } from '../../../gateway/supervisor/supervise.ts'

// An instance without rooms: what is tested is the life of its processes. Started by supervisor.test.ts.

const env = process.env as Record<string, string>

const role = process.argv[2]

if (role) await member(role)
else serve()

function serve(): void {
  const unlock = lockDataDir(env['FAKE_DATA']!)
  let wasReady = false
  const supervisor = supervise({
    exec: fileURLToPath(import.meta.url),
    processes: [
      { role: 'bid', count: 2 },
      { role: 'edge', count: 1 },
      { role: 'desk', count: 1 },
    ],
    clock: systemClock,
    log: openLog('supervisor'),
    limits: { restartMsMin: 20, stopMsMax: 3_000 },
    onState: ({ ready }) => {
      if (ready && !wasReady) process.stdout.write('ready\n')
      wasReady = ready
    },
  })
  process.stdout.write(`supervisor ${process.pid}\n`)
  const stop = () =>
    void supervisor.stop().then(() => {
      unlock()
      process.exit(0)
    })
  process.on('SIGTERM', stop)
}

async function member(role: string): Promise<void> {
  const metrics = new Metrics()
  const asked = metrics.counter('passerelle_bid_requests_total', { outcome: 'fake' })
  let closeDoor = async () => {}
  const log = openLog(role)
  const instance = joinInstance({ metrics, log, close: () => closeDoor() })
  const text = (path: string, say: () => string | Promise<string>): Route => ({
    method: 'GET',
    path,
    wants: [],
    body: 'none',
    bodyBytesMax: 0,
    async handle(_ask, answer) {
      asked.add()
      answer.send(200, ['connection', 'close'], await say())
    },
  })
  const routes = [
    ...healthRoutes(instance),
    text('/pid', () => String(process.pid)),
    text('/metrics', async () => promText(await instance.collectMetrics())),
    text('/trouble', () => {
      instance.report({ findings: [{ finding: 'unreachable', advice: 'Start Redis.' }] })
      return ''
    }),
    text('/throw', () => {
      setImmediate(() => {
        throw new Error('nobody catches this')
      })
      return ''
    }),
    text('/slow', () => new Promise((resolve) => setTimeout(() => resolve('slow'), 400))),
  ]
  const port = Number(env[`FAKE_${role.toUpperCase()}_PORT`])
  const door = await openNodeDoor({ host: '127.0.0.1', port, routes, clock: systemClock })
  closeDoor = () => door.close(2_000)
  instance.report({ isListening: true, hasCatalog: true, binding: door.binding })
}
