import { once } from 'node:events'
import net from 'node:net'

/** One answer as it came over the wire. */
export interface RawAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** A plain TCP client that sends exactly the bytes it is told to. */
export class RawClient {
  readonly socket: net.Socket
  private received = Buffer.alloc(0)
  private closed = false
  private wake = () => {}

  private constructor(socket: net.Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
      this.wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      this.wake()
    })
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = net.connect(port, '127.0.0.1')
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  /** Resolves when the kernel took the bytes. */
  write(text: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(text, () => resolve()))
  }

  /** The next whole answer; undefined where the connection ends before one. */
  async answer(): Promise<RawAnswer | undefined> {
    for (;;) {
      const found = this.take()
      if (found) return found
      if (this.closed) return undefined
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  /** Every answer until the other side closes. */
  async answersUntilClosed(): Promise<RawAnswer[]> {
    const all: RawAnswer[] = []
    for (let next = await this.answer(); next; next = await this.answer()) all.push(next)
    return all
  }

  close(): void {
    this.socket.destroy()
  }

  private take(): RawAnswer | undefined {
    const end = this.received.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [first = '', ...lines] = this.received.subarray(0, end).toString().split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    )
    delete headers['date'] // Two answers are the same whenever they were given.
    const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0)
    if (this.received.length < bodyEnd) return undefined
    const body = this.received.subarray(end + 4, bodyEnd).toString()
    this.received = this.received.subarray(bodyEnd)
    return { status: Number(first.split(' ')[1]), headers, body }
  }
}

export interface RequestParts {
  method?: string
  path?: string
  headers?: readonly string[]
  body?: string
}

/** The bytes of an honest request. */
export function request({
  method = 'POST',
  path = '/echo',
  headers = [],
  body = '',
}: RequestParts) {
  const lines = ['Host: door.test', ...headers]
  if (body || method === 'POST') lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}
