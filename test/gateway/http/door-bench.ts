import type {
  Answer,
  Ask,
  Door,
  DoorOptions,
  DoorRefusal,
  Route,
} from '../../../gateway/http/door.ts'
import type { DoorLimits } from '../../../gateway/limits.ts'
import { FastClock } from './fast-clock.ts'
import { RawClient } from './raw-client.ts'

const JSON_TYPE = ['content-type', 'application/json'] as const

/** More than a socket takes at once. */
export const UNCOPIED_BYTES = 4_000_000
const HEAD_BYTES = 1_000

/** A door with routes to try it by, and what became of what was sent. */
export interface Bench {
  door: Door
  clients: RawClient[]
  refused: DoorRefusal[]
  failed: unknown[]
  ran: string[]
  connect(): Promise<RawClient>
  /** The next request of `/later`. */
  later(): Promise<{ ask: Ask; answer: Answer }>
  ranTimes(count: number): Promise<void>
  /** The door's. */
  clock: FastClock
}

export async function openBench(
  open: (options: DoorOptions) => Promise<Door | undefined>,
  limits: Partial<DoorLimits>,
): Promise<Bench> {
  const laters: { ask: Ask; answer: Answer }[] = []
  const waits: ((later: { ask: Ask; answer: Answer }) => void)[] = []
  let tick = () => {}
  const bench: Bench = {
    door: undefined as unknown as Door,
    clients: [],
    refused: [],
    failed: [],
    ran: [],
    clock: new FastClock(),
    async connect() {
      const client = await RawClient.connect(bench.door.port)
      bench.clients.push(client)
      return client
    },
    later: () =>
      new Promise((resolve) => {
        const now = laters.shift()
        if (now) resolve(now)
        else waits.push(resolve)
      }),
    ranTimes: (count) =>
      new Promise((resolve) => {
        tick = () => void (bench.ran.length >= count && resolve())
      }),
  }
  const routes = routesOf((ask, answer) => {
    const wait = waits.shift()
    if (wait) wait({ ask, answer })
    else laters.push({ ask, answer })
  }).map((route) => ({
    ...route,
    handle(ask: Ask, answer: Answer) {
      bench.ran.push(ask.path)
      tick()
      return route.handle(ask, answer)
    },
  }))
  const door = await open({
    host: '127.0.0.1',
    port: 0,
    routes,
    clock: bench.clock,
    limits,
    onRefused: (reason) => bench.refused.push(reason),
    onFailed: (error) => bench.failed.push(error),
  })
  bench.door = door!
  return bench
}

const newUncopied = () => ({ bytes: Buffer.alloc(HEAD_BYTES + UNCOPIED_BYTES), from: HEAD_BYTES })
let uncopied = newUncopied()

/** Writes over what it sent before, as soon as the door says that it may. */
function sendUncopied(answer: Answer, letter: number): void {
  const body = uncopied.bytes.subarray(uncopied.from).fill(letter)
  if (answer.sendUncopied === undefined) answer.send(200, [], body)
  else if (!answer.sendUncopied(200, [], uncopied)) uncopied = newUncopied()
}

function routesOf(later: (ask: Ask, answer: Answer) => void): Route[] {
  const post = (path: string, handle: Route['handle'], more: Partial<Route> = {}): Route => ({
    method: 'POST',
    path,
    wants: [],
    body: 'whole',
    bodyBytesMax: 200_000,
    handle,
    ...more,
  })
  return [
    post('/echo', (ask, answer) => answer.send(200, JSON_TYPE, ask.body)),
    post('/small', (ask, answer) => answer.send(200, JSON_TYPE, ask.body), {
      bodyBytesMax: 3,
      tooLarge: () => ({ headers: JSON_TYPE, body: '{"most":3}' }),
    }),
    post('/hidden', (_ask, answer) => answer.send(200, [], 'hidden ran')),
    post('/seen/*', (ask, answer) => answer.send(200, JSON_TYPE, JSON.stringify(seen(ask))), {
      method: 'ANY',
      wants: ['x-one', 'x-two'],
    }),
    post('/hello', (_ask, answer) => answer.send(200, [], 'hello'), {
      method: 'GET',
      body: 'none',
    }),
    post('/hello-post', (ask, answer) => answer.send(200, [], `${ask.body.byteLength} bytes`), {
      body: 'none',
    }),
    post('/later', (ask, answer) => {
      ask.keepBody()
      later(ask, answer)
    }),
    post('/uncopied', (ask, answer) => sendUncopied(answer, ask.body[0]!)),
    post('/never', () => {}),
    post('/twice', (_ask, answer) => {
      answer.send(200, [], 'first')
      answer.send(200, [], 'second')
    }),
    post('/throws', () => {
      throw new Error('on purpose')
    }),
    post('/rejects', async () => {
      await turn()
      throw new Error('on purpose')
    }),
    post('/splits', (ask, answer) => answer.send(200, ['x', Buffer.from(ask.body).toString()])),
    post('/nothing', (_ask, answer) => answer.send(204, ['x-passerelle-reason', 'stranger'])),
    post('/big', (_ask, answer) => answer.send(200, [], 'b'.repeat(1_000_000)), { method: 'GET' }),
  ]
}

function seen(ask: Ask) {
  const { method, path, query } = ask
  const body = Buffer.from(ask.body).toString()
  return { method, path, query, headers: [...ask.headers], body, remote: ask.remote() }
}

/** One turn of the event loop, so that what was written is read on its own. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
