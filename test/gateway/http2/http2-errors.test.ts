import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
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
  PUSH,
  RST,
  request,
  SETTINGS,
  setting,
  uint32,
  WINDOW,
} from '../../support/http2-peer.ts'

// What a client does wrong, and whether its connection ends or one stream (RFC 9113 §5.4); the cases of the well-known list of h2spec among them.

const [PROTOCOL, FLOW, CLOSED, SIZE, CANCEL, COMPRESSION, CALM] = [1, 3, 5, 6, 8, 9, 11] as const
const OK = literalFields([[':status', '200']])
const DONE = literalFields([['grpc-status', '0']])

let host: Http2Host

beforeAll(async () => {
  host = await openHttp2Host((stream) => {
    stream.sendHead(OK)
    return {
      take(bytes, isLast) {
        stream.sendBody(Buffer.from(bytes))
        if (isLast) stream.sendTrailers(DONE)
      },
      left() {},
    }
  }, systemClock)
})

afterAll(() => {
  host.close()
  expect(host.failed).toEqual([])
})

const greeted = () => new Http2Peer(host.port).send(GREETING)
const WHOLE = frame(HEADERS, END_HEADERS | END_STREAM, 1, HEAD)
const head = (...fields: [string, string][]) => Buffer.concat([HEAD, literalFields(fields)])

describe('what ends a connection', () => {
  test.for<[string, Buffer[], number, string]>([
    [
      'another frame than SETTINGS first',
      [GREETING.subarray(0, 24), frame(PING, 0, 0, Buffer.alloc(8))],
      PROTOCOL,
      'no_settings',
    ],
    [
      'an acknowledgement of settings first',
      [GREETING.subarray(0, 24), frame(SETTINGS, ACK, 0)],
      PROTOCOL,
      'no_settings',
    ],
    ['HTTP/1.1', [Buffer.from('POST / HTTP/1.1\r\nhost: a\r\n\r\n')], PROTOCOL, 'bad_preface'],
    [
      'a frame that is too long',
      [GREETING, OPEN, frame(DATA, 0, 1, Buffer.alloc(16_385))],
      SIZE,
      'frame_too_long',
    ],
    ['DATA on no stream', [GREETING, frame(DATA, 0, 0)], PROTOCOL, 'wrong_stream'],
    [
      'DATA on a stream that was never opened',
      [GREETING, frame(DATA, 0, 1)],
      PROTOCOL,
      'wrong_stream',
    ],
    ['RST_STREAM on such', [GREETING, frame(RST, 0, 1, uint32(8))], PROTOCOL, 'wrong_stream'],
    ['WINDOW_UPDATE on such', [GREETING, frame(WINDOW, 0, 1, uint32(8))], PROTOCOL, 'wrong_stream'],
    [
      'CONTINUATION without HEADERS',
      [GREETING, frame(CONTINUATION, END_HEADERS, 1, HEAD)],
      PROTOCOL,
      'wrong_stream',
    ],
    [
      'CONTINUATION behind a whole head',
      [GREETING, OPEN, frame(CONTINUATION, END_HEADERS, 1)],
      PROTOCOL,
      'wrong_stream',
    ],
    [
      'CONTINUATION of another stream',
      [GREETING, frame(HEADERS, 0, 1, HEAD), frame(CONTINUATION, END_HEADERS, 3)],
      PROTOCOL,
      'wrong_stream',
    ],
    [
      'a frame within a head',
      [GREETING, frame(HEADERS, 0, 1, HEAD), frame(PING, 0, 0, Buffer.alloc(8))],
      PROTOCOL,
      'head_cut',
    ],
    [
      'HEADERS on no stream',
      [GREETING, frame(HEADERS, END_HEADERS, 0, HEAD)],
      PROTOCOL,
      'wrong_stream',
    ],
    [
      'HEADERS on a stream of the server',
      [GREETING, frame(HEADERS, END_HEADERS, 2, HEAD)],
      PROTOCOL,
      'wrong_stream',
    ],
    [
      'HEADERS on a stream that was passed over',
      [GREETING, frame(HEADERS, END_HEADERS, 5, HEAD), frame(HEADERS, END_HEADERS, 3, HEAD)],
      PROTOCOL,
      'wrong_stream',
    ],
    [
      'HEADERS on a stream that is over',
      [GREETING, WHOLE, frame(HEADERS, END_HEADERS, 5, HEAD), WHOLE],
      CLOSED,
      'stream_over',
    ],
    [
      'padding longer than its frame',
      [GREETING, OPEN, frame(DATA, PADDED, 1, Buffer.from([2, 0]))],
      PROTOCOL,
      'padding',
    ],
    ['padding without a length', [GREETING, OPEN, frame(DATA, PADDED, 1)], PROTOCOL, 'padding'],
    [
      'padding longer than a head',
      [GREETING, frame(HEADERS, END_HEADERS | PADDED, 1, Buffer.from([9]))],
      PROTOCOL,
      'padding',
    ],
    [
      'priorities cut off',
      [GREETING, frame(HEADERS, END_HEADERS | PRIORITIZED, 1, Buffer.from([9]))],
      SIZE,
      'frame_length',
    ],
    [
      'a head that cannot be decoded',
      [GREETING, frame(HEADERS, END_HEADERS, 1, Buffer.from([0x80]))],
      COMPRESSION,
      'hpack',
    ],
    [
      'PRIORITY on no stream',
      [GREETING, frame(PRIORITY, 0, 0, Buffer.alloc(5))],
      PROTOCOL,
      'wrong_stream',
    ],
    [
      'PRIORITY of another length, on a stream that was never opened',
      [GREETING, frame(PRIORITY, 0, 1, Buffer.alloc(4))],
      SIZE,
      'frame_length',
    ],
    [
      'RST_STREAM of another length',
      [GREETING, OPEN, frame(RST, 0, 1, Buffer.alloc(3))],
      SIZE,
      'frame_length',
    ],
    ['RST_STREAM on no stream', [GREETING, frame(RST, 0, 0, uint32(8))], PROTOCOL, 'wrong_stream'],
    ['SETTINGS on a stream', [GREETING, frame(SETTINGS, 0, 1)], PROTOCOL, 'wrong_stream'],
    ['SETTINGS cut off', [GREETING, frame(SETTINGS, 0, 0, Buffer.alloc(5))], SIZE, 'frame_length'],
    [
      'an acknowledgement that says more',
      [GREETING, frame(SETTINGS, ACK, 0, setting(1, 1))],
      SIZE,
      'frame_length',
    ],
    [
      'a push that is neither on nor off',
      [GREETING, frame(SETTINGS, 0, 0, setting(2, 2))],
      PROTOCOL,
      'setting',
    ],
    [
      'a window beyond all',
      [GREETING, frame(SETTINGS, 0, 0, setting(4, 2 ** 31))],
      FLOW,
      'window_setting',
    ],
    [
      'frames too short',
      [GREETING, frame(SETTINGS, 0, 0, setting(5, 16_383))],
      PROTOCOL,
      'setting',
    ],
    [
      'frames too long',
      [GREETING, frame(SETTINGS, 0, 0, setting(5, 2 ** 24))],
      PROTOCOL,
      'setting',
    ],
    ['a push', [GREETING, frame(PUSH, END_HEADERS, 1, HEAD)], PROTOCOL, 'push'],
    ['PING on a stream', [GREETING, frame(PING, 0, 1, Buffer.alloc(8))], PROTOCOL, 'wrong_stream'],
    [
      'PING of another length',
      [GREETING, frame(PING, 0, 0, Buffer.alloc(6))],
      SIZE,
      'frame_length',
    ],
    [
      'GOAWAY on a stream',
      [GREETING, frame(GOAWAY, 0, 1, Buffer.alloc(8))],
      PROTOCOL,
      'wrong_stream',
    ],
    ['GOAWAY cut off', [GREETING, frame(GOAWAY, 0, 0, Buffer.alloc(7))], SIZE, 'frame_length'],
    [
      'WINDOW_UPDATE of another length',
      [GREETING, frame(WINDOW, 0, 0, Buffer.alloc(3))],
      SIZE,
      'frame_length',
    ],
    [
      'a window widened by nothing',
      [GREETING, frame(WINDOW, 0, 0, uint32(0))],
      PROTOCOL,
      'window_zero',
    ],
    [
      'a window widened beyond all',
      [GREETING, frame(WINDOW, 0, 0, uint32(2 ** 31 - 1))],
      FLOW,
      'window_setting',
    ],
  ])('%s', async ([, bytes, code, word]) => {
    const peer = new Http2Peer(host.port).send(...bytes)
    expect(await peer.goaway()).toEqual([code, word])
    await peer.closed
  })
})

describe('what ends a stream alone', () => {
  test.for<[string, Buffer[], number]>([
    ['a malformed head', [frame(HEADERS, END_HEADERS, 1, head(['Connection', 'close']))], PROTOCOL],
    [
      'two lengths',
      [frame(HEADERS, END_HEADERS, 1, head(['content-length', '1'], ['content-length', '2']))],
      PROTOCOL,
    ],
    [
      'a length its body has not',
      [
        frame(HEADERS, END_HEADERS, 1, head(['content-length', '2'])),
        frame(DATA, END_STREAM, 1, Buffer.from('x')),
      ],
      PROTOCOL,
    ],
    [
      'a body longer than it says',
      [
        frame(HEADERS, END_HEADERS, 1, head(['content-length', '0'])),
        frame(DATA, 0, 1, Buffer.from('x')),
      ],
      PROTOCOL,
    ],
    [
      'trailers that do not end it',
      [OPEN, frame(HEADERS, END_HEADERS, 1, literalFields([['a', 'b']]))],
      PROTOCOL,
    ],
    [
      'trailers with a colon',
      [OPEN, frame(HEADERS, END_HEADERS | END_STREAM, 1, literalFields([[':path', '/']]))],
      PROTOCOL,
    ],
    ['a window widened by nothing', [OPEN, frame(WINDOW, 0, 1, uint32(0))], PROTOCOL],
    ['a window widened beyond all', [OPEN, frame(WINDOW, 0, 1, uint32(2 ** 31 - 1))], FLOW],
    ['PRIORITY of another length', [OPEN, frame(PRIORITY, 0, 1, Buffer.alloc(4))], SIZE],
    ['DATA behind its answer', [WHOLE, frame(DATA, 0, 1, Buffer.from('x'))], CLOSED],
    [
      'a head of many names',
      [
        frame(
          HEADERS,
          END_HEADERS,
          1,
          head(...Array.from({ length: 65 }, (): [string, string] => ['a', 'b'])),
        ),
      ],
      CALM,
    ],
  ])('%s', async ([, frames, code]) => {
    const peer = greeted().send(...frames)
    expect(await peer.reset(1)).toBe(code)
    expect(await peer.send(request(3, 'on')).body(3)).toBe('on')
    peer.socket.destroy()
  })

  test('a body that is not whole when it is answered is not read any more', async () => {
    const refusing = await openHttp2Host((stream) => void stream.sendHead(OK, true), systemClock)
    const peer = new Http2Peer(refusing.port).send(GREETING, OPEN)
    expect(await peer.reset(1)).toBe(0)
    // On their way when the client learns of it.
    peer.send(frame(DATA, 0, 1, Buffer.from('x')), frame(RST, 0, 1, uint32(CANCEL)))
    expect(await peer.handled()).toBe(true)
    expect(peer.told.filter(({ type }) => type === RST || type === GOAWAY)).toHaveLength(1)
    peer.socket.destroy()
    refusing.close()
  })
})
