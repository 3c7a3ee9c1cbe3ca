import { connect, type Socket } from 'node:net'
import { type Lane, OVERLOAD } from './paced-load.ts'

/** Where calls go, and what their heads say beside. */
export interface GrpcTarget {
  port: number
  path: string
  authorization: string
  /** What the client says it waits; absent: it says nothing. */
  timeoutMs?: number | undefined
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8]
const [ACK, END_STREAM, END_HEADERS] = [1, 1, 4]
const FRAME_HEAD_BYTES = 9
const FRAME_BYTES_MAX = 16_384
const WINDOW_BYTES = 65_535
const WINDOW_MAX = 2 ** 31 - 1

/**
 * One connection of a load over gRPC, written frame by frame, its heads made once: it costs a fraction of what a server
 * does, so that what is measured is the server. Knows as much of HTTP/2 as servers here use; a call that is answered
 * without a message, or reset, ends the load.
 */
export class GrpcConnection {
  readonly #socket: Socket
  readonly #head: Buffer
  readonly #calls = new Map<number, { answered: () => void; bytes: number }>()
  readonly #waiting: (() => void)[] = []
  #nextStream = 1
  #window = WINDOW_BYTES
  #unread: Buffer = Buffer.alloc(0)
  /** Bytes of messages that were answered, without the frames around them. */
  answerBytes = 0

  private constructor(socket: Socket, target: GrpcTarget) {
    this.#socket = socket
    this.#head = headBlock(target)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    const grown = Buffer.alloc(4)
    grown.writeUInt32BE(WINDOW_MAX - WINDOW_BYTES)
    socket.write(PREFACE)
    socket.write(Buffer.concat([frame(SETTINGS, 0, 0), frame(WINDOW_UPDATE, 0, 0, grown)]))
  }

  static open(target: GrpcTarget): Promise<GrpcConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(target.port, '127.0.0.1', () =>
        resolve(new GrpcConnection(socket, target)),
      )
      socket.once('error', reject)
    })
  }

  /** So many calls at once. */
  lanes(count: number): Lane[] {
    return Array.from({ length: count }, () => ({
      ask: (message: Buffer, answered: () => void) => this.#ask(message, answered),
      close: () => void this.#socket.destroy(),
    }))
  }

  #ask(message: Buffer, answered: () => void): void {
    const bytes = 5 + message.length
    if (bytes > this.#window) {
      this.#waiting.push(() => this.#ask(message, answered))
      return
    }
    this.#window -= bytes
    const stream = this.#nextStream
    this.#nextStream += 2
    this.#calls.set(stream, { answered, bytes: 0 })
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32BE(message.length, 1)
    const body = Buffer.concat([prefix, message])
    const frames = [frame(HEADERS, END_HEADERS, stream, this.#head)]
    for (let at = 0; at < body.length; at += FRAME_BYTES_MAX) {
      const isLast = at + FRAME_BYTES_MAX >= body.length
      const part = body.subarray(at, at + FRAME_BYTES_MAX)
      frames.push(frame(DATA, isLast ? END_STREAM : 0, stream, part))
    }
    this.#socket.write(Buffer.concat(frames))
  }

  #take(chunk: Buffer): void {
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
    let at = 0
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3)
      if (end > bytes.length) break
      this.#frame(bytes.subarray(at, end))
      at = end
    }
    this.#unread = bytes.subarray(at)
  }

  #frame(one: Buffer): void {
    const [type, flags, stream] = [one[3]!, one[4]!, one.readUInt32BE(5)]
    const call = this.#calls.get(stream)
    if (type === RST_STREAM || type === GOAWAY)
      throw new Error(`the server ended what it was asked: frame ${type}`)
    if (type === WINDOW_UPDATE && stream === 0) this.#widen(one.readUInt32BE(FRAME_HEAD_BYTES))
    if ((type === SETTINGS || type === PING) && (flags & ACK) === 0)
      this.#socket.write(frame(type, ACK, 0, type === PING ? one.subarray(FRAME_HEAD_BYTES) : NONE))
    if (call === undefined) return
    if (type === DATA) call.bytes += one.length - FRAME_HEAD_BYTES
    if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) {
      // Trailers alone; ours writes the reason as it is.
      if (call.bytes === 0 && one.includes('overload')) throw new Error(OVERLOAD)
      this.#end(stream, call)
    }
  }

  #end(stream: number, { answered, bytes }: { answered: () => void; bytes: number }): void {
    this.#calls.delete(stream)
    if (bytes < 5) throw new Error('a call was answered without a message')
    this.answerBytes += bytes - 5
    answered()
  }

  #widen(bytes: number): void {
    this.#window += bytes
    for (const again of this.#waiting.splice(0)) again()
  }
}

const NONE = Buffer.alloc(0)

function frame(type: number, flags: number, stream: number, payload: Buffer = NONE): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** HPACK (RFC 7541) without a table: each field as it is, never indexed; those of the head by their static names. */
function headBlock({ port, path, authorization, timeoutMs }: GrpcTarget): Buffer {
  const [POST, HTTP, PATH, AUTHORITY] = [0x83, 0x86, 4, 1]
  return Buffer.concat([
    Buffer.from([POST, HTTP, PATH]),
    text(path),
    Buffer.from([AUTHORITY]),
    text(`127.0.0.1:${port}`),
    ...['content-type', 'application/grpc', 'te', 'trailers', 'user-agent', 'passerelle-bench']
      .concat('grpc-accept-encoding', 'identity', 'authorization', authorization)
      .concat(timeoutMs === undefined ? [] : ['grpc-timeout', `${timeoutMs}m`])
      .map((one, i) => (i % 2 === 0 ? Buffer.concat([Buffer.from([0]), text(one)]) : text(one))),
  ])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  if (bytes.length >= 127) throw new Error(`${value} is too long for a head of the bench`)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}
