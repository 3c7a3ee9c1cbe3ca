import { execFile } from 'node:child_process'
import { type ClientHttp2Session, connect } from 'node:http2'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { FrameReader } from '../../../gateway/http2/frame-reader.ts'
import type { Frame } from '../../../gateway/http2/frames.ts'
import { literalFields } from '../../../gateway/http2/literal-fields.ts'
import type { RequestHead } from '../../../gateway/http2/request-head.ts'
import {
  frame,
  GREETING,
  HEAD,
  HEADERS,
  type Http2Host,
  Http2Peer,
  openHttp2Host,
  request,
} from '../../support/http2-peer.ts'

// Encoders nobody here wrote, and bytes nobody should send.

let host: Http2Host
let session: ClientHttp2Session
let heads: RequestHead[] = []
const OK = literalFields([[':status', '200']])
const END = literalFields([['grpc-status', '0']])

beforeAll(async () => {
  host = await openHttp2Host((stream) => {
    heads.push(stream.head)
    stream.sendHead(OK)
    return {
      take(bytes, isLast) {
        stream.sendBody(Buffer.from(bytes))
        if (isLast) stream.sendTrailers(END)
      },
      left() {},
    }
  }, systemClock)
  session = connect(`http://127.0.0.1:${host.port}`)
})

afterAll(() => {
  session.destroy()
  host.close()
})

function ask(
  headers: Record<string, string>,
  body: Uint8Array = Buffer.alloc(0),
  over = session,
): Promise<Buffer> {
  const stream = over.request({ ':method': 'POST', ':path': '/', ...headers })
  const got: Buffer[] = []
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => got.push(chunk))
    stream.on('close', () => resolve(Buffer.concat(got)))
    stream.on('error', reject)
    stream.end(body)
  })
}

describe('the client of Node', () => {
  test('encodes any head, and it is read as it was meant, call by call', async () => {
    const name = fc.stringMatching(/^x-[a-z0-9]{1,40}$/)
    // Bytes that a value may have; few names and values, so that tables are used too.
    const value = fc.stringMatching(/^[!-~]([ -~]{0,200}[!-~])?$/)
    const odd = fc.dictionary(fc.oneof(name, fc.constantFrom('x-a', 'x-b', 'user-agent')), value, {
      maxKeys: 12,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { minLength: 1, maxLength: 4 }), async (all) => {
        heads = []
        for (const headers of all) await ask(headers)
        const read = heads.map((head, i) =>
          Object.fromEntries(Object.keys(all[i]!).map((key) => [key, head.get(key)])),
        )
        expect(read).toEqual(all.map((one) => ({ ...one })))
      }),
      { numRuns: 100 },
    )
  })

  test.for([0, 1_024, 65_536])(
    'with a table of %d bytes decodes every answer, and after it made it smaller',
    async (headerTableSize) => {
      const own = connect(`http://127.0.0.1:${host.port}`, { settings: { headerTableSize } })
      const body = Buffer.from('hello')
      for (let i = 0; i < 2; i++) expect(await ask({}, body, own)).toEqual(body)
      await new Promise<void>((resolve) => own.settings({ headerTableSize: 100 }, () => resolve()))
      for (let i = 0; i < 2; i++) expect(await ask({}, body, own)).toEqual(body)
      own.destroy()
    },
  )

  test('gets bodies back through all windows', async () => {
    const body = Buffer.alloc(270_000, 'abcdefg')
    const got = await Promise.all(Array.from({ length: 8 }, () => ask({}, body)))
    expect(got.every((one) => one.equals(body))).toBe(true)
  })
})

const hasCurl = await promisify(execFile)('curl', ['--version']).then(
  ({ stdout }) => stdout.includes('HTTP2'),
  () => false,
)

test.runIf(hasCurl)('curl is answered', async () => {
  const url = `http://127.0.0.1:${host.port}/`
  const asked = ['-s', '--http2-prior-knowledge', '--data', 'hello', '-D', '-', url]
  const { stdout } = await promisify(execFile)('curl', asked)
  expect(stdout).toMatch(/^HTTP\/2 200 [\s\S]*hello/)
})

describe('bytes', () => {
  test('cut anywhere are the same frames', () => {
    const one = fc.tuple(
      fc.nat(255),
      fc.nat(255),
      fc.nat(2 ** 31 - 1),
      fc.uint8Array({ maxLength: 60 }),
    )
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 8 }),
        fc.array(fc.nat(600), { maxLength: 12 }),
        (frames, cuts) => {
          const bytes = Buffer.concat([
            GREETING.subarray(0, 24),
            ...frames.map((parts) => frame(...parts)),
          ])
          const read: unknown[] = []
          const reader = new FrameReader(({ type, flags, streamId, bytes, start, stop }: Frame) =>
            read.push([type, flags, streamId, [...bytes.subarray(start, stop)]]),
          )
          const at = [
            0,
            ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b),
            bytes.length,
          ]
          for (let i = 1; i < at.length; i++) reader.read(bytes.subarray(at[i - 1], at[i]))
          expect(read).toEqual(
            frames.map(([type, flags, id, payload]) => [type, flags, id, [...payload]]),
          )
        },
      ),
    )
  })

  test('that were changed anywhere end with an error, or an answer; others are served on', async () => {
    const talk = Buffer.concat([
      ...[GREETING, request(1, 'a'), frame(HEADERS, 0, 3, HEAD.subarray(0, 4))],
      ...[
        frame(9, 4, 3, HEAD.subarray(4)),
        frame(0, 9, 3, Buffer.from('\x02abc\0\0')),
        request(5, 'b'),
      ],
    ])
    const change = fc.tuple(fc.nat(talk.length - 1), fc.nat(255))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Buffer.from(talk)
        for (const [at, byte] of changes) bytes[at] = byte
        const peer = new Http2Peer(host.port).send(bytes)
        peer.socket.end()
        await peer.closed
      }),
      { numRuns: 300 },
    )
    expect(await new Http2Peer(host.port).send(GREETING, request(1, 'on')).body(1)).toBe('on')
    expect(host.failed).toEqual([])
  })

  test('that are frames at random do no harm either', async () => {
    const one = fc.tuple(
      fc.nat(11),
      fc.nat(255),
      fc.nat(7),
      fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(HEAD)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 12 }), async (frames) => {
        const peer = new Http2Peer(host.port).send(
          GREETING,
          ...frames.map((parts) => frame(...parts)),
        )
        peer.socket.end()
        await peer.closed
      }),
      { numRuns: 300 },
    )
    expect(host.failed).toEqual([])
  })
})
