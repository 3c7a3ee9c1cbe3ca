import type { Clock } from '../../audience/clock.ts'
import { statusLine } from './status-line.ts'

/** What may stand in a header, as node:http has it: no character that ends a line, and none of more than one byte. */
const UNSAFE = /[^\t\x20-\x7e\x80-\xff]/

/** Heads of answers after which the connection goes on, byte for byte as node:http writes them. */
export class AnswerHead {
  readonly #clock: Clock
  readonly #keepAliveS: number
  #second = Number.NaN
  #end = ''

  constructor(clock: Clock, keepAliveMs: number) {
    this.#clock = clock
    this.#keepAliveS = Math.floor(keepAliveMs / 1000)
  }

  /** `headers`: name, value, name, value …, without those of the connection. Throws where one could not be told from two. */
  of(status: number, headers: readonly string[], bodyBytes: number): string {
    let head = `HTTP/1.1 ${statusLine(status)}\r\n`
    for (let i = 0; i < headers.length; i += 2) {
      const [name, value] = [headers[i]!, headers[i + 1]!]
      if (UNSAFE.test(name) || UNSAFE.test(value))
        throw new Error(`header ${JSON.stringify(name)} carries a character that no header may`)
      head += `${name}: ${value}\r\n`
    }
    return `${head}content-length: ${bodyBytes}\r\n${this.#ending()}`
  }

  /** Date is of the second, so it is written once in one. */
  #ending(): string {
    const nowMs = this.#clock.now()
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#second) {
      this.#second = second
      const date = `Date: ${new Date(nowMs).toUTCString()}`
      const going = `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#keepAliveS}`
      this.#end = `${date}\r\n${going}\r\n\r\n`
    }
    return this.#end
  }
}
