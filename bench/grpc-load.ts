import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Client, credentials, Metadata } from '@grpc/grpc-js'

export const GET_MUTATIONS =
  '/com.iabtechlab.bidstream.mutation.services.v1.RTBExtensionPoint/GetMutations'

export interface GrpcLoad {
  port: number
  authorization: string
  messages: readonly Buffer[]
  seconds: number
  /** Calls a second, evenly spread; absent: as many as go, `LANES` at once. */
  rate?: number
}

export interface GrpcBurst {
  /** Milliseconds of each call, from when it was due. */
  ms: Float64Array
  /** Calls a second. */
  rate: number
  /** Mean bytes of an answer. */
  bytes: number
}

const LANES = 32
const CONNECTIONS = 4
const CHILD = '--grpc-load'

/** Load by the client library from npm, in a process of its own. */
export function grpcLoad(load: GrpcLoad): Promise<GrpcBurst> {
  const child = fork(fileURLToPath(import.meta.url), [CHILD], { serialization: 'advanced' })
  child.send(load)
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => {
      if (typeof answer === 'string') reject(new Error(answer))
      else resolve(answer as GrpcBurst)
    })
    child.once('exit', (code) => reject(new Error(`the gRPC load ended with ${code}`)))
  })
}

async function play({
  port,
  authorization,
  messages,
  seconds,
  rate,
}: GrpcLoad): Promise<GrpcBurst> {
  const clients = Array.from(
    { length: CONNECTIONS },
    () =>
      new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
      }),
  )
  const metadata = new Metadata()
  metadata.set('authorization', authorization)
  const ms: number[] = []
  let [next, bytes] = [0, 0]
  const ask = (dueMs: number) =>
    new Promise<void>((resolve, reject) => {
      const message = messages[next % messages.length]!
      const client = clients[next++ % CONNECTIONS]!
      const then = (error: Error | null, answer?: Buffer) => {
        if (error) return reject(error)
        ms.push(performance.now() - dueMs)
        bytes += answer!.length
        resolve()
      }
      client.makeUnaryRequest(GET_MUTATIONS, asIs, asIs, message, metadata, then)
    })
  for (let i = 0; i < 200; i++) await ask(performance.now())
  ms.length = 0
  bytes = 0
  const beganMs = performance.now()
  const untilMs = beganMs + seconds * 1000
  if (rate === undefined)
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        while (performance.now() < untilMs) await ask(performance.now())
      }),
    )
  else await pace(ask, { rate, beganMs, untilMs })
  for (const client of clients) client.close()
  const tookS = (performance.now() - beganMs) / 1000
  return { ms: Float64Array.from(ms), rate: ms.length / tookS, bytes: bytes / ms.length }
}

async function pace(
  ask: (dueMs: number) => Promise<void>,
  { rate, beganMs, untilMs }: { rate: number; beganMs: number; untilMs: number },
): Promise<void> {
  const under: Promise<void>[] = []
  for (let dueMs = beganMs; dueMs < untilMs; dueMs += 1000 / rate) {
    while (performance.now() < dueMs) await new Promise((resolve) => setImmediate(resolve))
    under.push(ask(dueMs))
  }
  await Promise.all(under)
}

const asIs = (bytes: Buffer): Buffer => bytes

if (process.argv[2] === CHILD)
  process.once('message', async (load) => {
    const answer = await play(load as GrpcLoad).catch((error: unknown) => String(error))
    process.send?.(answer, () => process.exit(0))
  })
