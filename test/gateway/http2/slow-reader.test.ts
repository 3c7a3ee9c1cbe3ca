import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { HTTP2_LIMITS } from '../../../gateway/http2/limits.ts'
import { literalFields } from '../../../gateway/http2/literal-fields.ts'
import {
  frame,
  GREETING,
  type Http2Host,
  Http2Peer,
  openHttp2Host,
  PING,
  request,
  SETTINGS,
  setting,
  uint32,
  WINDOW,
} from '../../support/http2-peer.ts'
import { patiently } from '../../support/patiently.ts'

// A client that asks and does not read. It opens every window as wide as it goes, so that only its socket holds answers back.

const WINDOW_MAX = 2 ** 31 - 1
const AT_ONCE = 64
const BODY = 'x'.repeat(16_000)
const OK = literalFields([[':status', '200']])
const DONE = literalFields([['grpc-status', '0']])

let host: Http2Host
let served = 0

beforeAll(async () => {
  const serve: Parameters<typeof openHttp2Host>[0] = (stream) => ({
    take(_, isLast) {
      if (!isLast) return
      served++
      stream.sendHead(OK)
      stream.sendBody(Buffer.from(BODY))
      stream.sendTrailers(DONE)
    },
    left: () => {},
  })
  host = await openHttp2Host(serve, { now: () => 0, elapsed: () => 0 })
})
afterAll(() => host.close())
beforeEach(() => {
  served = 0
})

/** A client whose questions are taken no more; how many there are. */
async function stuck(): Promise<{ peer: Http2Peer; asked: number }> {
  const peer = new Http2Peer(host.port)
  // Its connection may be reset.
  peer.closed.catch(() => {})
  peer.send(GREETING, frame(SETTINGS, 0, 0, setting(4, WINDOW_MAX)))
  peer.send(frame(WINDOW, 0, 0, uint32(WINDOW_MAX - 65_535)))
  await peer.handled()
  peer.socket.pause()
  let [asked, before] = [0, -1]
  await patiently(() => {
    const isStill = asked > 0 && served === before
    before = served
    if (!isStill) for (let i = 0; i < AT_ONCE; i++) peer.send(request(2 * asked++ + 1, BODY))
    expect(isStill).toBe(true)
  })
  return { peer, asked }
}

test('a socket that takes no answers is read from no more, and goes on once it does', async () => {
  const { peer, asked } = await stuck()
  expect(served).toBeLessThan(asked)
  peer.socket.resume()
  expect(await peer.body(2 * asked - 1)).toBe(BODY)
  expect(served).toBe(asked)
  peer.socket.destroy()
})

test('one that takes none for half a minute is closed, not before', async () => {
  const { peer } = await stuck()
  const connection = host.connections.at(-1)!
  let sweeps = 0
  await patiently(() => {
    connection.sweep()
    sweeps++
    // Who does not read hears of the end where it writes.
    peer.send(frame(PING, 0, 0, Buffer.alloc(8)))
    expect(peer.socket.closed).toBe(true)
  })
  expect(sweeps).toBeGreaterThan(HTTP2_LIMITS.stallMsMax / HTTP2_LIMITS.sweepMs)
})
