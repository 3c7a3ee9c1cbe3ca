import { connect, type Socket } from 'node:net'
import type { Request } from './load.ts'

export interface LaneAnswer {
  status: number
  body: Buffer
}

/**
 * One connection to a door, one request at a time: what is asked meanwhile waits its turn. Requests are bytes made ahead,
 * and answers are read as far as a bench needs it (those with a content-length), so that the load leaves the machine to
 * what is measured: node:http's own client costs more than a bid does.
 */
export class HttpLane {
  readonly #socket: Socket
  readonly #waiting: { wire: Buffer; answered: (answer: LaneAnswer) => void }[] = []
  /** What is there of an answer whose rest is to come. */
  #read: Buffer | undefined
  /** Where the body of the answer that is coming begins and ends; 0 until its head is there. */
  #bodyAt = 0
  #end = 0
  #isClosed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('close', () => {
      if (!this.#isClosed) throw new Error('a door closed a connection of the bench')
    })
  }

  static open(target: URL): Promise<HttpLane> {
    return new Promise((resolve, reject) => {
      const open = () => resolve(new HttpLane(socket))
      const socket = connect(Number(target.port), target.hostname, open)
      socket.once('error', reject)
    })
  }

  /** `answered` is told in the turn in which the answer is there. */
  ask(wire: Buffer, answered: (answer: LaneAnswer) => void): void {
    if (this.#waiting.push({ wire, answered }) === 1) this.#socket.write(wire)
  }

  asked(wire: Buffer): Promise<LaneAnswer> {
    return new Promise((resolve) => this.ask(wire, resolve))
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    // Most answers come in one piece.
    const bytes = this.#read === undefined ? chunk : Buffer.concat([this.#read, chunk])
    if (this.#end === 0) this.#readHead(bytes)
    if (this.#end === 0 || bytes.length < this.#end) {
      this.#read = bytes
      return
    }
    const { answered } = this.#waiting.shift()!
    const body = bytes.subarray(this.#bodyAt, this.#end)
    this.#read = undefined
    this.#end = 0
    const next = this.#waiting[0]
    if (next) this.#socket.write(next.wire)
    answered({ status: statusOf(bytes), body })
  }

  #readHead(bytes: Buffer): void {
    const end = bytes.indexOf(HEAD_END)
    if (end < 0) return
    const head = bytes.toString('latin1', 0, end)
    const length = LENGTH.exec(head)?.[1]
    if (length === undefined) throw new Error(`an answer without a length: ${head.slice(0, 200)}`)
    this.#bodyAt = end + HEAD_END.length
    this.#end = this.#bodyAt + Number(length)
  }
}

const HEAD_END = '\r\n\r\n'
const LENGTH = /\r\ncontent-length: (\d+)/i
const STATUS_AT = 'HTTP/1.1 '.length
const DIGIT_0 = 0x30

function statusOf(bytes: Buffer): number {
  const digit = (i: number) => bytes[STATUS_AT + i]! - DIGIT_0
  return digit(0) * 100 + digit(1) * 10 + digit(2)
}

/** A request as it goes over the wire. */
export function wireOf(target: URL, headers: Record<string, string>, asked: Request): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const rest = ` HTTP/1.1\r\nhost: ${target.host}\r\n${lines.join('')}`
  if (typeof asked === 'string') return Buffer.from(`GET ${asked}${rest}\r\n`)
  const head = `POST ${target.pathname}${target.search}${rest}content-length: ${asked.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), asked])
}
