import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** One request of the browser and how it was answered. */
export interface Visit {
  method: string
  host: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
  status: number
  answer: string
  setCookies: string[]
}

export type Site = (visit: Visit, res: ServerResponse) => void

/**
 * The web as one browser of the tests sees it: every host name leads here, over TLS, and is answered by the
 * site of that name or, as behind any load balancer, passed on to a product's edge door.
 */
export class Web {
  /** Everything that was asked, in the order in which it was answered. */
  readonly visits: Visit[] = []
  readonly #sites: Readonly<Record<string, Site | number>>
  readonly #answered = new EventEmitter()
  readonly #server

  private constructor(sites: Readonly<Record<string, Site | number>>) {
    this.#sites = sites
    this.#answered.setMaxListeners(0)
    const [key, cert] = ['key', 'cert'].map((name) =>
      readFileSync(new URL(`${name}.pem`, import.meta.url)),
    )
    this.#server = createServer({ key: key!, cert: cert! }, (req, res) => {
      this.#serve(req, res).catch((error) => res.destroy(error))
    })
  }

  /** By host name: a site, or the port of a door of this machine. */
  static async open(sites: Readonly<Record<string, Site | number>>): Promise<Web> {
    const web = new Web(sites)
    web.#server.listen(0, '127.0.0.1')
    await once(web.#server, 'listening')
    return web
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  to(host: string, path: string): Visit[] {
    return this.visits.filter((one) => one.host === host && one.path === path)
  }

  /** Resolves when so many visits of a page were answered; waits as long as the test may. */
  async answered(host: string, path: string, count = 1): Promise<Visit[]> {
    while (this.to(host, path).length < count) await once(this.#answered, 'visit')
    return this.to(host, path)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { host = '', ...headers } = req.headers
    const { pathname, searchParams } = new URL(req.url!, `https://${host}`)
    const body = await textOf(req)
    const visit: Visit = {
      ...{ method: req.method!, host, path: pathname, query: searchParams, headers, body },
      ...{ status: 0, answer: '', setCookies: [] },
    }
    res.on('close', () => {
      visit.status = res.statusCode
      visit.setCookies = [res.getHeader('set-cookie') ?? []].flat().map(String)
      this.visits.push(visit)
      this.#answered.emit('visit')
    })
    const site = this.#sites[host]
    if (typeof site === 'function') site(visit, res)
    else if (site !== undefined) await passOn(site, { req, visit, res })
    else res.writeHead(404).end()
  }
}

interface Passing {
  req: IncomingMessage
  visit: Visit
  res: ServerResponse
}

async function passOn(port: number, { req, visit, res }: Passing): Promise<void> {
  const { method, headers, url } = req
  const options = { host: '127.0.0.1', port, method: method!, path: url!, headers: within(headers) }
  const sent = request(options)
  sent.end(visit.body, 'latin1')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  visit.answer = await textOf(answer)
  res.writeHead(answer.statusCode!, within(answer.headers)).end(visit.answer, 'latin1')
}

/** Headers without those of one connection. */
function within({
  connection: _,
  'keep-alive': __,
  ...headers
}: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return headers
}

/** Byte by byte: what is passed on is passed on as it came. */
async function textOf(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('latin1')
}

/** Answers with a page. */
export function showPage(res: ServerResponse, html: string): void {
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
}
