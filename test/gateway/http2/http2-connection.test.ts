import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Http2Stream } from '../../../gateway/http2/http2-stream.ts'
import { HTTP2_LIMITS } from '../../../gateway/http2/limits.ts'
import { literalFields } from '../../../gateway/http2/literal-fields.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  GREETING,
  HEAD,
  HEADERS,
  type Http2Host,
  Http2Peer,
  OPEN,
  openHttp2Host,
  PADDED,
  PING,
  PRIORITIZED,
  PRIORITY,
  RST,
  request,
  SETTINGS,
  setting,
  uint32,
  WINDOW,
} from '../../support/http2-peer.ts'

// What RFC 9113 asks of a server, by a client that writes its frames itself; the cases of the well-known list of h2spec among them.

const [FLOW, TIMEOUT, REFUSED, CANCEL, CALM] = [3, 4, 7, 8, 11] as const
const OK = literalFields([[':status', '200']])
const DONE = literalFields([['grpc-status', '0']])

let host: Http2Host
let ms = 0
let left = 0
/** Requests that are whole and wait for a test to answer them. */
let held: { stream: Http2Stream; body: string }[] = []
let isHolding = false
const clock = { now: () => ms, elapsed: () => ms }

function answer({ stream, body }: (typeof held)[number]): void {
  stream.sendHead(OK)
  stream.sendBody(Buffer.from(body))
  stream.sendTrailers(DONE)
}

beforeAll(async () => {
  host = await openHttp2Host((stream) => {
    let body = ''
    return {
      take(bytes, isLast) {
        body += bytes.toString()
        if (!isLast) return
        if (isHolding) held.push({ stream, body })
        else answer({ stream, body })
      },
      left: () => left++,
    }
  }, clock)
})

afterAll(() => {
  host.close()
  expect(host.failed).toEqual([])
})

const greeted = () => new Http2Peer(host.port).send(GREETING)

describe('a request', () => {
  test('is answered after the settings', async () => {
    const peer = greeted().send(request(1, 'hello'))
    expect(await peer.body(1)).toBe('hello')
    expect(peer.told.map(({ type, flags }) => [type, flags]).slice(0, 3)).toEqual([
      ...[
        [SETTINGS, 0],
        [WINDOW, 0],
        [SETTINGS, ACK],
      ],
    ])
    peer.socket.destroy()
  })

  test('that comes byte by byte is the same', async () => {
    const head = [frame(HEADERS, 0, 1, HEAD.subarray(0, 2)), frame(CONTINUATION, 0, 1)]
    const rest = frame(CONTINUATION, END_HEADERS, 1, HEAD.subarray(2))
    const padded = frame(DATA, PADDED, 1, Buffer.from('\x03ab\0\0\0'))
    const body = [padded, frame(DATA, END_STREAM, 1, Buffer.from('cd'))]
    const peer = new Http2Peer(host.port)
    for (const byte of Buffer.concat([GREETING, ...head, rest, ...body, request(3, 'e')])) {
      peer.send(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect([await peer.body(1), await peer.body(3)]).toEqual(['abcd', 'e'])
    peer.socket.destroy()
  })

  test.for<[string, Buffer[]]>([
    [
      'with priorities',
      [frame(HEADERS, END_HEADERS | PRIORITIZED, 1, Buffer.concat([Buffer.alloc(5), HEAD]))],
    ],
    [
      'with padding',
      [
        frame(
          HEADERS,
          END_HEADERS | PADDED,
          1,
          Buffer.concat([Buffer.from([2]), HEAD, Buffer.alloc(2)]),
        ),
      ],
    ],
    [
      'with a head in parts',
      [
        frame(HEADERS, 0, 1, HEAD.subarray(0, 5)),
        frame(CONTINUATION, END_HEADERS, 1, HEAD.subarray(5)),
      ],
    ],
    [
      'behind frames nobody knows',
      [
        frame(0x20, 0xff, 0, Buffer.from('?')),
        frame(HEADERS, END_HEADERS, 1, HEAD),
        frame(0x21, 1, 1),
      ],
    ],
    [
      'behind settings nobody knows',
      [frame(SETTINGS, 0, 0, setting(0x99, 7)), frame(HEADERS, END_HEADERS, 1, HEAD)],
    ],
    [
      'behind PRIORITY of any stream',
      [frame(PRIORITY, 0, 9, Buffer.alloc(5)), frame(HEADERS, END_HEADERS, 1, HEAD)],
    ],
    [
      'with flags nobody knows',
      [frame(HEADERS, END_HEADERS | (0xd2 & ~PADDED & ~PRIORITIZED), 1, HEAD)],
    ],
  ])('%s is answered', async ([, frames]) => {
    const peer = greeted().send(...frames, frame(DATA, END_STREAM, 1, Buffer.from('x')))
    expect(await peer.body(1)).toBe('x')
    peer.socket.destroy()
  })

  test('ends with trailers too', async () => {
    const trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, literalFields([['a', 'b']]))
    const peer = greeted()
    peer.send(frame(HEADERS, END_HEADERS, 1, HEAD), frame(DATA, 0, 1, Buffer.from('x')), trailers)
    expect(await peer.body(1)).toBe('x')
    peer.socket.destroy()
  })

  test('pipelined with others is answered with them, in one piece', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => 2 * i + 1)
    const peer = greeted()
    await peer.handled()
    const pieces: number[] = []
    peer.socket.on('data', (chunk: Buffer) => pieces.push(chunk.length))
    peer.send(...ids.map((id) => request(id, `${id}`)))
    expect(await Promise.all(ids.map((id) => peer.body(id)))).toEqual(ids.map(String))
    expect(pieces).toHaveLength(1)
    peer.socket.destroy()
  })

  test('with the length it says is answered', async () => {
    const head = Buffer.concat([HEAD, literalFields([['content-length', '1']])])
    const peer = greeted().send(frame(HEADERS, END_HEADERS, 1, head))
    peer.send(frame(DATA, END_STREAM, 1, Buffer.from('x')))
    expect(await peer.body(1)).toBe('x')
    peer.socket.destroy()
  })
})

describe('windows', () => {
  test('of the client are respected, and what waits goes on when they open', async () => {
    const peer = new Http2Peer(host.port).send(GREETING.subarray(0, 24))
    peer.send(frame(SETTINGS, 0, 0, setting(4, 3)), frame(SETTINGS, ACK, 0), request(1, 'abcdefgh'))
    await peer.handled()
    expect(peer.bodyNow(1)).toBe('abc')
    peer.send(frame(WINDOW, 0, 1, uint32(1)))
    await peer.handled()
    expect(peer.bodyNow(1)).toBe('abcd')
    // Fewer than were used: below zero, and two more are no leave yet (RFC 9113 §6.9.2).
    peer.send(frame(SETTINGS, 0, 0, setting(4, 1)), frame(WINDOW, 0, 1, uint32(2)))
    await peer.handled()
    expect(peer.bodyNow(1)).toBe('abcd')
    peer.send(frame(SETTINGS, 0, 0, setting(4, 100)))
    expect(await peer.body(1)).toBe('abcdefgh')
    peer.socket.destroy()
  })

  test('of a connection are shared', async () => {
    const peer = greeted().send(frame(SETTINGS, 0, 0, setting(4, 1_000_000)))
    const long = 'x'.repeat(40_000)
    const both = [1, 3].flatMap((id) => [
      frame(HEADERS, END_HEADERS, id, HEAD),
      ...[0, 16_000].map((at) => frame(DATA, 0, id, Buffer.from(long.slice(at, at + 16_000)))),
      frame(DATA, END_STREAM, id, Buffer.from(long.slice(32_000))),
    ])
    peer.send(...both)
    await peer.handled()
    expect([peer.bodyNow(1).length, peer.bodyNow(3).length]).toEqual([40_000, 25_535])
    peer.send(frame(WINDOW, 0, 0, uint32(100_000)))
    expect([await peer.body(1), await peer.body(3)]).toEqual([long, long])
    peer.socket.destroy()
  })

  test('of ours open again as bodies are whole, in large steps', async () => {
    const peer = greeted()
    const part = frame(DATA, 0, 1, Buffer.alloc(16_000))
    let sent = 0
    for (let id = 1; sent < 3 * HTTP2_LIMITS.windowStepBytes; id += 2, sent += 160_000) {
      const parts = Array.from({ length: 10 }, () => Buffer.from(part))
      for (const one of parts) one.writeUInt32BE(id, 5)
      peer.send(frame(HEADERS, END_HEADERS, id, HEAD), ...parts, frame(RST, 0, id, uint32(CANCEL)))
    }
    await peer.handled()
    const opened = peer.told.filter(({ type }) => type === WINDOW).slice(1)
    expect(opened.map(({ stream }) => stream)).toEqual([0, 0])
    peer.socket.destroy()
  })

  test('give padding back at once', async () => {
    const peer = greeted().send(OPEN, frame(DATA, PADDED, 1, Buffer.from('\x03ab\0\0\0')))
    expect((await peer.first(WINDOW, ({ stream }) => stream === 1))?.payload).toEqual(uint32(4))
    peer.socket.destroy()
  })

  test('that a client oversteps end its stream', async () => {
    const parts = Array.from({ length: 18 }, () => frame(DATA, 0, 1, Buffer.alloc(16_000)))
    const peer = greeted().send(OPEN, ...parts)
    expect(await peer.reset(1)).toBe(FLOW)
    peer.socket.destroy()
  })
})

describe('a connection that is no use', () => {
  const many = (count: number, one: Buffer) => Array.from({ length: count }, () => one)
  const RESTLESS = [CALM, 'restless']

  test.for<[string, Buffer]>([
    ['PING', frame(PING, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', frame(SETTINGS, 0, 0)],
    ['PRIORITY', frame(PRIORITY, 0, 1, Buffer.alloc(5))],
    ['frames nobody knows', frame(0x40, 0, 0)],
    ['WINDOW_UPDATE', frame(WINDOW, 0, 0, uint32(1))],
  ])('is ended by %s beyond a thousand', async ([, one]) => {
    const peer = greeted().send(...many(HTTP2_LIMITS.nuisancesMax - 10, one), request(1, 'x'))
    expect(await peer.body(1)).toBe('x')
    peer.send(...many(20, one))
    expect(await peer.goaway()).toEqual(RESTLESS)
  })

  test('is ended by streams that are opened and reset', async () => {
    const pairs = Array.from({ length: HTTP2_LIMITS.nuisancesMax + 1 }, (_, i) => [
      frame(HEADERS, END_HEADERS, 2 * i + 1, HEAD),
      frame(RST, 0, 2 * i + 1, uint32(CANCEL)),
    ])
    expect(
      await greeted()
        .send(...pairs.flat())
        .goaway(),
    ).toEqual(RESTLESS)
  })

  test('is ended by DATA of nothing', async () => {
    expect(
      await greeted()
        .send(OPEN, ...many(1_001, frame(DATA, 0, 1)))
        .goaway(),
    ).toEqual(RESTLESS)
  })

  test('is ended by heads without end', async () => {
    const empty = greeted().send(frame(HEADERS, 0, 1), ...many(20, frame(CONTINUATION, 0, 1)))
    expect(await empty.goaway()).toEqual([CALM, 'head_too_large'])
    const full = greeted().send(
      frame(HEADERS, 0, 1),
      ...many(2, frame(CONTINUATION, 0, 1, Buffer.alloc(9_000))),
    )
    expect(await full.goaway()).toEqual([CALM, 'head_too_large'])
  })

  test('earns as much by answers as honest clients need', async () => {
    const peer = greeted()
    for (let id = 1; id < 2_001; id += 2)
      peer.send(request(id, 'x'), ...many(3, frame(PING, 0, 0, Buffer.alloc(8))))
    expect(await peer.body(1_999)).toBe('x')
    peer.socket.destroy()
  })

  test('holds no more streams than may be open', async () => {
    const peer = greeted()
    const opened = Array.from({ length: HTTP2_LIMITS.streamsMax + 1 }, (_, i) =>
      frame(HEADERS, END_HEADERS, 2 * i + 1, HEAD),
    )
    expect(await peer.send(...opened).reset(2_001)).toBe(REFUSED)
    peer.send(frame(DATA, END_STREAM, 1, Buffer.from('x')), request(2_003, 'y'))
    expect([await peer.body(1), await peer.body(2_003)]).toEqual(['x', 'y'])
    const before = left
    peer.socket.destroy()
    await peer.closed
    await expect.poll(() => left - before).toBe(HTTP2_LIMITS.streamsMax - 1)
  })

  test('is ended where it never says its settings, or nothing at all any more, or does not read', async () => {
    const peers = [new Http2Peer(host.port).send(GREETING.subarray(0, 33)), greeted()] as const
    await Promise.all(peers.map((peer) => peer.handled()))
    ms += HTTP2_LIMITS.startMsMax + 1
    for (const one of host.connections) one.sweep()
    expect(await peers[0].goaway()).toEqual([TIMEOUT, 'slow_start'])
    expect(await peers[1].handled()).toBe(true)
    for (const one of host.connections) one.sweep()
    ms += HTTP2_LIMITS.idleMsMax + 1
    for (const one of host.connections) one.sweep()
    expect(await peers[1].goaway()).toEqual([0, 'idle'])
  })

  test('loses an answer it opens no window for', async () => {
    const peer = greeted().send(frame(SETTINGS, 0, 0, setting(4, 0)), request(1, 'x'))
    await peer.handled()
    const sweeps = HTTP2_LIMITS.stallMsMax / HTTP2_LIMITS.sweepMs
    for (let i = 0; i <= sweeps; i++) for (const one of host.connections) one.sweep()
    expect(await peer.reset(1)).toBe(CALM)
    peer.socket.destroy()
  })
})

describe('an end', () => {
  test('lets go on what is under way, takes what the client sent before it knew, and no more', async () => {
    isHolding = true
    const peer = greeted().send(request(1, 'a'))
    await peer.handled()
    const { length } = host.connections
    host.connections[length - 1]!.leave()
    const first = await peer.first(GOAWAY)
    expect(first?.payload).toEqual(Buffer.concat([uint32(2 ** 31 - 1), uint32(0)]))
    const asked = await peer.first(PING, ({ flags }) => flags === 0)
    peer.send(request(3, 'b'), frame(PING, ACK, 0, asked!.payload), request(5, 'c'))
    const second = await peer.first(GOAWAY, (one) => one !== first)
    expect(second?.payload.readUInt32BE()).toBe(3)
    await peer.handled()
    expect(held.map(({ body }) => body)).toEqual(['a', 'b'])
    for (const one of held) answer(one)
    expect([await peer.body(1), await peer.body(3)]).toEqual(['a', 'b'])
    await peer.closed
    isHolding = false
    held = []
  })

  test('said by the client comes after its answers', async () => {
    const peer = greeted().send(request(1, 'a'), frame(GOAWAY, 0, 0, Buffer.alloc(8)))
    expect(await peer.body(1)).toBe('a')
    await peer.closed
  })
})
