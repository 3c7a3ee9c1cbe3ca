import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answer, Ask, Door, DoorRefusal, Route } from '../../../gateway/http/door.ts'
import { openNodeDoor } from '../../../gateway/http/open-node-door.ts'
import type { DoorLimits } from '../../../gateway/limits.ts'
import { FastClock } from './fast-clock.ts'
import { RawClient, request } from './raw-client.ts'

/** Looked at often; what is late is so because the clock runs fast: a busy machine must not look like a slow client. */
const LIMITS = { sweepMs: 10, drainQuietMs: 20 }
const STREAM_BYTES_MAX = 2_000_000

let clock: FastClock
let door: Door
let open: (limits: Partial<DoorLimits>) => Promise<Door>
let clients: RawClient[]
let refused: DoorRefusal[]
let failed: unknown[]
/** What the stream route does; each test says. */
let handle: (ask: Ask, answer: Answer) => Promise<void>

beforeEach(async () => {
  clock = new FastClock()
  clients = []
  refused = []
  failed = []
  handle = countBytes
  const stream: Route = {
    method: 'POST',
    path: '/import',
    wants: [],
    body: 'stream',
    bodyBytesMax: STREAM_BYTES_MAX,
    handle: (ask, answer) => handle(ask, answer),
  }
  const whole: Route = {
    ...stream,
    path: '/echo',
    body: 'whole',
    bodyBytesMax: 1_000,
    handle: (ask, answer) => answer.send(200, [], ask.body),
  }
  open = (limits) =>
    openNodeDoor({
      host: '127.0.0.1',
      port: 0,
      routes: [stream, whole],
      clock,
      chunkedUploads: true,
      limits,
      onRefused: (reason) => refused.push(reason),
      onFailed: (error) => failed.push(error),
    })
  door = await open(LIMITS)
})
afterEach(async () => {
  await door.close(0)
  for (const client of clients) client.close()
})

async function countBytes(ask: Ask, answer: Answer): Promise<void> {
  let bytes = 0
  for await (const chunk of ask.stream!) bytes += chunk.byteLength
  answer.send(200, [], String(bytes))
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(door.port)
  clients.push(client)
  return client
}

const CHUNKED = 'POST /import HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'

describe('a streamed body', () => {
  test('comes in pieces, by declared length or in chunks, and the connection goes on', async () => {
    const client = await connect()
    await client.write(request({ path: '/import', body: 'x'.repeat(1_500_000) }))
    expect((await client.answer())?.body).toBe('1500000')
    await client.write(`${CHUNKED}5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`)
    expect((await client.answer())?.body).toBe('11')
    await client.write(request({ body: 'on' }))
    expect((await client.answer())?.body).toBe('on')
  })

  test('in chunks may also be a whole one; beyond the limit it is 413 its sender can read', async () => {
    const client = await connect()
    const head = CHUNKED.replace('/import', '/echo')
    await client.write(`${head}2\r\nhi\r\n0\r\n\r\n`)
    expect((await client.answer())?.body).toBe('hi')
    const long = 'y'.repeat(5_000)
    await client.write(`${head}${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`)
    expect((await client.answer())?.status).toBe(413)
    expect(refused).toEqual(['too_large'])
  })

  test('waits for a handler that takes its time: nothing piles up, nothing is cut', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let taken = 0
    handle = async (ask, answer) => {
      for await (const chunk of ask.stream!) {
        taken += chunk.byteLength
        await held
      }
      answer.send(200, [], String(taken))
    }
    const client = await connect()
    const sent = client.write(request({ path: '/import', body: 'x'.repeat(1_900_000) }))
    await until(() => taken > 0)
    const takenWhileHeld = taken
    const late = await connect()
    await late.write(request({ body: 'never whole' }).slice(0, -1))
    expect(await clock.hurried(late.answer())).toBeUndefined()
    expect(taken).toBe(takenWhileHeld)
    release()
    await sent
    expect((await client.answer())?.body).toBe('1900000')
    expect(refused).toEqual(['slow_body'])
  })

  test('longer than the route allows is 413, declared or counted', async () => {
    const declared = await connect()
    await declared.write(
      `POST /import HTTP/1.1\r\nHost: a\r\nContent-Length: ${STREAM_BYTES_MAX + 1}\r\n\r\n`,
    )
    expect((await declared.answer())?.status).toBe(413)
    const counted = await connect()
    const piece = `${(1_100_000).toString(16)}\r\n${'z'.repeat(1_100_000)}\r\n`
    void counted.write(CHUNKED + piece + piece)
    expect((await counted.answer())?.status).toBe(413)
  })

  test('that stops coming is cut off, and its reader is told', async () => {
    let told: unknown
    let taken = 0
    handle = async (ask) => {
      try {
        for await (const chunk of ask.stream!) taken += chunk.byteLength
      } catch (error) {
        told = error
        throw error
      }
    }
    const client = await connect()
    await client.write(`${CHUNKED}5\r\nhello\r\n`)
    await until(() => taken === 5)
    expect(await clock.hurried(client.answer())).toBeUndefined()
    await until(() => told !== undefined)
    expect(refused).toEqual(['slow_body'])
    expect(failed).toEqual([])
  })

  test('whose client goes away ends its reader; that is no failure of ours', async () => {
    const client = await connect()
    await client.write(`${CHUNKED}5\r\nhello\r\n`)
    client.close()
    await until(() => refused.length > 0)
    expect(refused).toEqual(['aborted'])
    expect(failed).toEqual([])
  })

  test('may be answered before it is here: the rest is thrown away, the connection goes on', async () => {
    handle = async (_ask, answer) => answer.send(401, [])
    const client = await connect()
    const bytes = request({ path: '/import', body: 'x'.repeat(900_000) })
    await client.write(bytes.slice(0, 1_000))
    expect((await client.answer())?.status).toBe(401)
    await client.write(bytes.slice(1_000))
    await client.write(request({ body: 'next' }))
    expect((await client.answer())?.body).toBe('next')
  })

  test('answered early whose rest never comes is not waited for', async () => {
    handle = async (_ask, answer) => answer.send(401, [])
    const client = await connect()
    await client.write(request({ path: '/import', body: 'x'.repeat(900_000) }).slice(0, 1_000))
    expect((await client.answer())?.status).toBe(401)
    expect(await clock.hurried(client.answer())).toBeUndefined()
    expect(refused).toEqual(['slow_body'])
  })
})

describe('a head', () => {
  test('that does not come in time is cut off', async () => {
    await door.close(0)
    door = await open({ ...LIMITS, slowHeadMsMax: 200 }) // Node's own timer: no clock of ours to wind.
    const silent = await connect()
    const slow = await connect()
    await slow.write('POST /echo HTTP/1.1\r\nHost: a\r\n')
    expect(await slow.answer()).toBeUndefined()
    expect(await silent.answer()).toBeUndefined()
  })

  test('with chunks and a length, or chunks of another kind, is refused also where chunks are allowed', async () => {
    for (const extra of ['Content-Length: 5', 'Transfer-Encoding: gzip', 'Host: b']) {
      const client = await connect()
      await client.write(CHUNKED.replace('\r\n\r\n', `\r\n${extra}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`))
      expect(await client.answer(), extra).toBeUndefined()
    }
  })
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
