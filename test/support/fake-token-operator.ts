import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export const API_KEY = 'UID2-C-L-999-fake'
export const CLIENT_SECRET = Buffer.alloc(32, 42)

/** An operator of UID2 as far as `/v2/key/bidstream` goes: it checks who asks, and seals what it answers. */
export class FakeTokenOperator {
  /** The `body` it answers with. */
  body: object = {}
  /** Added to its clock. */
  aheadMs = 0
  /** Answers with this status and nothing else. */
  failsWith: number | undefined
  /** Answers as to another question. */
  isConfused = false
  asked = 0
  readonly #server: Server

  private constructor() {
    this.#server = createServer(async (req, res) => {
      const parts: Buffer[] = []
      for await (const part of req) parts.push(part)
      this.asked++
      const isOurs = req.headers.authorization === `Bearer ${API_KEY}`
      const isRight = req.method === 'POST' && req.url === '/v2/key/bidstream'
      const nonce = isOurs && isRight ? nonceOf(Buffer.concat(parts).toString()) : undefined
      if (nonce === undefined || this.failsWith !== undefined)
        res.writeHead(this.failsWith ?? 401).end()
      else res.writeHead(200).end(this.#seal(this.isConfused ? randomBytes(8) : nonce))
    })
  }

  static async open(): Promise<FakeTokenOperator> {
    const operator = new FakeTokenOperator()
    await new Promise<void>((resolve) => operator.#server.listen(0, '127.0.0.1', resolve))
    return operator
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): Promise<unknown> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(resolve))
  }

  #seal(nonce: Buffer): string {
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt(Date.now() + this.aheadMs))
    const json = Buffer.from(JSON.stringify({ body: this.body, status: 'success' }))
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', CLIENT_SECRET, iv)
    const text = [cipher.update(Buffer.concat([time, nonce, json])), cipher.final()]
    return Buffer.concat([iv, ...text, cipher.getAuthTag()]).toString('base64')
  }
}

/** Undefined where the envelope is none of a client of ours, of this minute. */
function nonceOf(body: string): Buffer | undefined {
  const bytes = Buffer.from(body, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', CLIENT_SECRET, bytes.subarray(1, 13))
  decipher.setAuthTag(bytes.subarray(-16))
  const text = Buffer.concat([decipher.update(bytes.subarray(13, -16)), decipher.final()])
  const ageMs = Math.abs(Number(text.readBigUInt64BE(0)) - Date.now())
  return bytes[0] === 1 && ageMs < 60_000 ? text.subarray(8, 16) : undefined
}
