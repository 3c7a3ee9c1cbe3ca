import { once } from 'node:events'
import { request } from 'node:http'

/** Port of the edge door behind each host name. */
export type Hosts = Readonly<Record<string, number>>

/** A browser without pages: it follows redirects from host to host, with a cookie jar for each. */
export class Visitor {
  /** Every address it was led to. */
  readonly seen: URL[] = []
  readonly #hosts: Hosts
  readonly #jars = new Map<string, Map<string, string>>()

  constructor(hosts: Hosts) {
    this.#hosts = hosts
  }

  /** POST /cookie_sync; the address each partner was given. */
  async urls(host: string, bidders: readonly string[]): Promise<Record<string, string>> {
    const body = JSON.stringify({ bidders })
    const { text } = await this.#ask(new URL(`https://${host}/cookie_sync`), body)
    const { bidder_status } = JSON.parse(text) as {
      bidder_status: { bidder: string; usersync: { url: string } }[]
    }
    return Object.fromEntries(bidder_status.map((one) => [one.bidder, one.usersync.url]))
  }

  /** Follows an address to where it ends; the status there. */
  async follow(address: string): Promise<number> {
    for (let to: string | undefined = address; ; ) {
      const url: URL = new URL(to)
      this.seen.push(url)
      const { status, location } = await this.#ask(url)
      if (status !== 302) return status
      to = location!
    }
  }

  async #ask(url: URL, body?: string) {
    const jar = this.#jar(url.host)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent = request({
      ...{ host: '127.0.0.1', port: this.#hosts[url.host]!, path: url.pathname + url.search },
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        host: url.host,
        'content-length': Buffer.byteLength(body ?? ''),
        ...(cookie ? { cookie } : {}),
      },
    })
    sent.end(body)
    const [answer] = await once(sent, 'response')
    let text = ''
    for await (const part of answer) text += part
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      jar.set(name!, value!)
    }
    const { location } = answer.headers as { location?: string }
    return { status: answer.statusCode as number, text, location }
  }

  #jar(host: string): Map<string, string> {
    let jar = this.#jars.get(host)
    if (jar === undefined) this.#jars.set(host, (jar = new Map()))
    return jar
  }
}
