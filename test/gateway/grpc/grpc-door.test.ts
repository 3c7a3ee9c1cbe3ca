import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { deflateSync, gzipSync } from 'node:zlib'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { openGrpcDoor } from '../../../gateway/grpc/open-grpc-door.ts'
import { timeoutMs } from '../../../gateway/grpc/timeout-ms.ts'
import type { Answer, Ask, Door } from '../../../gateway/http/door.ts'

// What a door of gRPC owes any client, whatever it serves: by a client that writes its frames itself, and by the library
// of the gRPC project.

const PATH = '/a.Service/Method'
let door: Door
let session: ClientHttp2Session
let handle: (ask: Ask, answer: Answer) => void
let isReady = true
const failed: unknown[] = []

const echo = (ask: Ask, answer: Answer) =>
  answer.send(
    200,
    ['content-type', 'application/x-protobuf', 'x-passerelle-decision', 'd'],
    ask.body,
  )

beforeAll(async () => {
  door = await openGrpcDoor({
    host: '127.0.0.1',
    port: 0,
    routes: [{ path: PATH, wants: ['authorization', 'x-odd'], handle: (...one) => handle(...one) }],
    health: { isReady: () => isReady, services: ['a.Service'] },
    clock: systemClock,
    onFailed: (error) => failed.push(error),
  })
  session = connect(`http://127.0.0.1:${door.port}`)
})

afterAll(async () => {
  session.destroy()
  await door.close(0)
})

const asIs = (bytes: Buffer) => bytes

interface Got {
  head: IncomingHttpHeaders
  trailers: IncomingHttpHeaders
  body: Buffer
}

const GRPC = {
  ':method': 'POST',
  ':path': PATH,
  'content-type': 'application/grpc',
  te: 'trailers',
}

/** Sends these chunks, each in a frame of its own. */
function call(chunks: readonly Uint8Array[], more: Record<string, string> = {}): Promise<Got> {
  const stream = session.request({ ...GRPC, ...more })
  const got: Got = { head: {}, trailers: {}, body: Buffer.alloc(0) }
  return new Promise((resolve, reject) => {
    stream.on('response', (head) => Object.assign(got.head, head))
    stream.on('trailers', (trailers) => Object.assign(got.trailers, trailers))
    stream.on('data', (chunk: Buffer) => {
      got.body = Buffer.concat([got.body, chunk])
    })
    stream.on('close', () => resolve(got))
    stream.on('error', reject)
    for (const chunk of chunks) stream.write(chunk)
    stream.end()
  })
}

function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0])
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

const statusOf = ({ head, trailers }: Got) => [
  head['grpc-status'] ?? trailers['grpc-status'],
  head['x-passerelle-reason'] ?? '',
]

describe('a unary call', () => {
  test('is answered with a message, and its status in trailers beside what else is told', async () => {
    handle = echo
    const got = await call([framed(Buffer.from('hello'))])
    expect(got.head).toMatchObject({ ':status': 200, 'content-type': 'application/grpc+proto' })
    expect(got.body).toEqual(framed(Buffer.from('hello')))
    expect(got.trailers).toMatchObject({ 'grpc-status': '0', 'x-passerelle-decision': 'd' })
  })

  test('may come in any pieces, of any length, compressed or not', async () => {
    handle = echo
    const pack = { identity: (bytes: Uint8Array) => bytes, gzip: gzipSync, deflate: deflateSync }
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40_000, size: 'max' }),
        fc.constantFrom('identity', 'gzip', 'deflate'),
        fc.array(fc.nat({ max: 40_000 }), { maxLength: 5 }),
        async (message, coding, cuts) => {
          const wire = framed(pack[coding as 'gzip'](message), coding === 'identity' ? 0 : 1)
          const at = [0, ...cuts.map((cut) => cut % wire.length).sort((a, b) => a - b), wire.length]
          const chunks = at.slice(1).map((end, i) => wire.subarray(at[i], end))
          const got = await call(chunks, { 'grpc-encoding': coding })
          expect(got.body.equals(framed(message))).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('knows its metadata, and from where it comes', async () => {
    let seen: unknown[] = []
    handle = (ask, answer) => {
      seen = [ask.headers, ask.path, ask.remote()]
      echo(ask, answer)
    }
    await call([framed(Buffer.alloc(0))], { authorization: 'Bearer a' })
    expect(seen).toEqual([['Bearer a', ''], PATH, '127.0.0.1'])
  })

  test.for<[string, readonly Uint8Array[], Record<string, string>, string[]]>([
    ['no message', [], {}, ['13', 'no_message']],
    ['a prefix that is cut off', [Buffer.from([0, 0])], {}, ['13', 'no_message']],
    ['a message that is cut off', [Buffer.from([0, 0, 0, 0, 9, 1])], {}, ['13', 'no_message']],
    [
      'two messages',
      [framed(Buffer.alloc(3)), framed(Buffer.alloc(0))],
      {},
      ['12', 'too_many_messages'],
    ],
    ['a length beyond the bound', [Buffer.from([0, 255, 255, 255, 255])], {}, ['8', 'too_large']],
    [
      'a coding nobody knows',
      [framed(Buffer.alloc(3), 1)],
      { 'grpc-encoding': 'snappy' },
      ['12', 'unknown_encoding'],
    ],
    [
      'a coding that is a name of objects',
      [framed(Buffer.alloc(3), 1)],
      { 'grpc-encoding': 'constructor' },
      ['12', 'unknown_encoding'],
    ],
    ['a flag without a coding', [framed(Buffer.alloc(3), 1)], {}, ['13', 'no_encoding']],
    [
      'a flag, and that nothing was done',
      [framed(Buffer.alloc(3), 1)],
      { 'grpc-encoding': 'identity' },
      ['13', 'no_encoding'],
    ],
    [
      'what is not compressed',
      [framed(Buffer.alloc(3), 1)],
      { 'grpc-encoding': 'gzip' },
      ['13', 'not_inflatable'],
    ],
    [
      'a bomb',
      [framed(gzipSync(Buffer.alloc(4_000_000)), 1)],
      { 'grpc-encoding': 'gzip' },
      ['8', 'too_large'],
    ],
    [
      'another method',
      [framed(Buffer.alloc(0))],
      { ':path': '/a.Service/Other' },
      ['12', 'unknown_method'],
    ],
  ])('%s: refused', async ([, chunks, more, told]) => {
    handle = echo
    const got = await call(chunks, more)
    expect(statusOf(got)).toEqual(told)
    expect(decodeURI(String(got.head['grpc-message']))).toMatch(/\.$/)
    expect(got.head['grpc-accept-encoding']).toBe('identity,gzip,deflate')
  })

  test('what is no gRPC is told so by HTTP', async () => {
    for (const type of ['json', 'grpc-web', 'grpc-web+proto', 'grpc+json', 'grpcx', ''])
      expect((await call([], { 'content-type': `application/${type}` })).head[':status']).toBe(415)
    for (const type of ['grpc', 'grpc+proto', 'grpc;x=1', 'GRPC+proto'])
      expect((await call([], { 'content-type': `application/${type}` })).head[':status']).toBe(200)
    const got = await call([], { ':method': 'PUT' })
    expect(got.head[':status']).toBe(405)
  })

  test('a handler that throws costs its call alone', async () => {
    handle = () => {
      throw new Error('odd')
    }
    expect(statusOf(await call([framed(Buffer.alloc(0))]))).toEqual(['13', 'failed'])
    expect(failed).toEqual([new Error('odd')])
    handle = echo
    expect(statusOf(await call([framed(Buffer.alloc(0))]))[0]).toBe('0')
  })

  test('a client that leaves is told of, and what is sent after goes nowhere', async () => {
    const asked = new Promise<[Ask, Answer]>((resolve) => {
      handle = (...one) => resolve(one)
    })
    const stream = session.request(GRPC)
    stream.on('error', () => {})
    stream.end(framed(Buffer.alloc(3)))
    const [ask, answer] = await asked
    const left = new Promise<void>((resolve) => answer.onAbort(resolve))
    stream.close(8)
    await left
    expect(answer.done).toBe(true)
    echo(ask, answer)
  })

  test('any bytes at all end with a status', async () => {
    handle = echo
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 }),
        async (any) => {
          expect(statusOf(await call(any))[0]).toMatch(/^(0|8|12|13)$/)
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('the library of the gRPC project', () => {
  test('is understood where it compresses', async () => {
    handle = echo
    const client = new Client(`127.0.0.1:${door.port}`, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    })
    const message = Buffer.alloc(9_000, 'a')
    const got = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(PATH, asIs, asIs, message, new Metadata(), (error, answer) =>
        error ? reject(error) : resolve(answer),
      ),
    )
    expect(got).toEqual(message)
    client.close()
  })

  test('gives up by itself, and is told apart from an answer', async () => {
    handle = () => {}
    const client = new Client(`127.0.0.1:${door.port}`, credentials.createInsecure())
    const error = await new Promise<ServiceError | null>((resolve) =>
      client.makeUnaryRequest(
        ...[PATH, asIs, asIs, Buffer.alloc(0), new Metadata()],
        { deadline: Date.now() + 20 },
        resolve,
      ),
    )
    expect(error?.code).toBe(4)
    client.close()
  })

  test('a watcher of health is told of a change, and no more once it left', async () => {
    const client = new Client(`127.0.0.1:${door.port}`, credentials.createInsecure())
    const watch = '/grpc.health.v1.Health/Watch'
    const stream = client.makeServerStreamRequest(watch, asIs, asIs, Buffer.alloc(0))
    stream.on('error', () => {})
    const told = () => new Promise((resolve) => stream.once('data', resolve))
    expect(await told()).toEqual(Buffer.from([8, 1]))
    isReady = false
    expect(await told()).toEqual(Buffer.from([8, 2]))
    isReady = true
    stream.cancel()
    client.close()
  })
})

describe('a door that closes', () => {
  test('tells who watches its health, and waits for none of them', async () => {
    const closing = await openGrpcDoor({
      ...{ host: '127.0.0.1', port: 0, clock: systemClock, onFailed: () => {} },
      ...{ routes: [], health: { isReady: () => true, services: [] } },
    })
    const client = new Client(`127.0.0.1:${closing.port}`, credentials.createInsecure())
    const watch = '/grpc.health.v1.Health/Watch'
    const stream = client.makeServerStreamRequest(watch, asIs, asIs, Buffer.alloc(0))
    const told: Buffer[] = []
    const status = new Promise((resolve) => stream.on('error', resolve))
    await new Promise<void>((resolve) =>
      stream.on('data', (answer: Buffer) => {
        told.push(answer)
        resolve()
      }),
    )
    const startedMs = systemClock.elapsed()
    await closing.close(60_000)
    expect(systemClock.elapsed() - startedMs).toBeLessThan(30_000)
    expect(await status).toMatchObject({ code: 14, details: 'This process ends; ask again.' })
    expect(told).toEqual([Buffer.from([8, 1]), Buffer.from([8, 2])])
    client.close()
  })

  test('answers what is under way, and takes nothing more', async () => {
    const closing = await openGrpcDoor({
      ...{ host: '127.0.0.1', port: 0, clock: systemClock, onFailed: () => {} },
      routes: [{ path: PATH, wants: [], handle: (...one) => handle(...one) }],
      health: { isReady: () => true, services: [] },
    })
    const other = connect(`http://127.0.0.1:${closing.port}`)
    const asked = new Promise<[Ask, Answer]>((resolve) => {
      handle = (...one) => resolve(one)
    })
    const stream = other.request(GRPC)
    const body = new Promise<Buffer>((resolve) => stream.once('data', resolve))
    const gone = new Promise((resolve) => other.once('close', resolve))
    stream.end(framed(Buffer.from('late')))
    const under = await asked
    const closed = closing.close(5_000)
    echo(...under)
    expect(await body).toEqual(framed(Buffer.from('late')))
    await Promise.all([closed, gone])
    await expect(
      new Promise((_, reject) => connect(`http://127.0.0.1:${closing.port}`).once('error', reject)),
    ).rejects.toThrow('ECONNREFUSED')
  })
})

test.for<[string, number]>([
  ['', Number.POSITIVE_INFINITY],
  ['100m', 100],
  ['2S', 2_000],
  ['1M', 60_000],
  ['1H', 3_600_000],
  ['500u', 0.5],
  ['0n', 0],
  ['123456789m', Number.POSITIVE_INFINITY],
  ['5', Number.POSITIVE_INFINITY],
  ['-1S', Number.POSITIVE_INFINITY],
])('a timeout of “%s” is %d ms', ([text, ms]) => {
  expect(timeoutMs(text)).toBe(ms)
})
