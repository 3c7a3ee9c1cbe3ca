import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Clock } from '../../audience/clock.ts'
import { Http2Connection } from '../../gateway/http2/http2-connection.ts'
import { literalFields } from '../../gateway/http2/literal-fields.ts'
import type { Serve } from '../../gateway/http2/open-streams.ts'
import { Scratches } from '../../gateway/http2/outbox.ts'

export const [DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
] as [number, number, number, number, number, number, number, number, number, number]
export const [ACK, END_STREAM, END_HEADERS, PADDED, PRIORITIZED] = [1, 1, 4, 8, 0x20] as const

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const NONE = Buffer.alloc(0)

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = NONE,
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function setting(name: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, name]), uint32(value)])
}

/** Preface, empty settings, and the acknowledgement of the server's. */
export const GREETING = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0), frame(SETTINGS, ACK, 0)])

export const HEAD = literalFields([
  ...([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/'],
    ['te', 'trailers'],
  ] as const),
])

/** The beginning of a request on stream 1. */
export const OPEN = frame(HEADERS, END_HEADERS, 1, HEAD)

/** A whole request whose body is these bytes. */
export function request(stream: number, body: string): Buffer {
  return Buffer.concat([
    frame(HEADERS, END_HEADERS, stream, HEAD),
    frame(DATA, END_STREAM, stream, Buffer.from(body)),
  ])
}

export interface Told {
  type: number
  flags: number
  stream: number
  payload: Buffer
}

/** A client that writes bytes, and reads frames. */
export class Http2Peer {
  readonly socket: Socket
  readonly told: Told[] = []
  readonly closed: Promise<unknown>
  #rest: Buffer = NONE
  #looking: (() => void)[] = []
  #marks = 0

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk))
    this.closed = once(this.socket, 'close').finally(() => this.#look())
  }

  send(...parts: readonly Uint8Array[]): this {
    this.socket.write(Buffer.concat(parts))
    return this
  }

  /** The first frame of this kind; undefined where the connection closes without. */
  async first(
    type: number,
    isMeant: (one: Told) => boolean = () => true,
  ): Promise<Told | undefined> {
    const found = () => this.told.find((one) => one.type === type && isMeant(one))
    while (found() === undefined && !this.socket.closed)
      await new Promise<void>((resolve) => this.#looking.push(resolve))
    return found()
  }

  /** What the server said of its end: the error code and the word. */
  async goaway(): Promise<[number, string] | undefined> {
    const told = await this.first(GOAWAY)
    return told && [told.payload.readUInt32BE(4), told.payload.toString('latin1', 8)]
  }

  /** The error code a stream ended with. */
  async reset(stream: number): Promise<number | undefined> {
    return (await this.first(RST, (one) => one.stream === stream))?.payload.readUInt32BE()
  }

  /** The body of an answer, once it is whole. */
  async body(stream: number): Promise<string> {
    await this.first(HEADERS, (one) => one.stream === stream && (one.flags & END_STREAM) !== 0)
    return this.bodyNow(stream)
  }

  /** What has come of a body. */
  bodyNow(stream: number): string {
    const parts = this.told.filter((one) => one.type === DATA && one.stream === stream)
    return Buffer.concat(parts.map(({ payload }) => payload)).toString()
  }

  /** Resolves once all that was sent before was handled. */
  async handled(): Promise<boolean> {
    const mark = Buffer.from(`${this.#marks++}`.padStart(8, '#'))
    this.send(frame(PING, 0, 0, mark))
    return (await this.first(PING, ({ payload }) => payload.equals(mark))) !== undefined
  }

  #take(chunk: Buffer): void {
    let rest = Buffer.concat([this.#rest, chunk])
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3)
      const [type, flags] = [rest[3]!, rest[4]!]
      this.told.push({ type, flags, stream: rest.readUInt32BE(5), payload: rest.subarray(9, end) })
      rest = rest.subarray(end)
    }
    this.#rest = rest
    this.#look()
  }

  #look(): void {
    for (const resolve of this.#looking.splice(0)) resolve()
  }
}

export interface Http2Host {
  port: number
  /** In the order they were opened. */
  connections: Http2Connection[]
  failed: unknown[]
  close(): void
}

/** Connections of ours on a real port, without the server around them: what it does by a timer, a test does by hand. */
export async function openHttp2Host(serve: Serve, clock: Clock): Promise<Http2Host> {
  const [connections, failed, sockets] = [[], [], []] as [Http2Connection[], unknown[], Socket[]]
  const scratches = new Scratches()
  const onFailed = (error: unknown) => failed.push(error)
  const server = createServer((socket) => {
    sockets.push(socket)
    connections.push(new Http2Connection(socket, { serve, clock, scratches, onFailed }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    failed,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
