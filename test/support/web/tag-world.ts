import type { Page } from 'playwright-core'
import { type CollectedEvent, unpackEvent } from '../../../audience/events/collected-event.ts'
import { EdgeHouse, OPERATOR } from '../edge-house.ts'
import { type Chromium, startChromium } from './browser.ts'
import { showPage, type Visit, Web } from './web.ts'

export const EDGE = 'edge.example'
export const SHOP = 'www.shop.example'
/** Nothing but the shop's own scripts and the tag; nothing is asked of anybody else. */
const POLICY = `default-src 'none'; script-src 'nonce-n' 'self' https://${EDGE}; connect-src https://${EDGE}`

/** Remembers what a page sends in the moment it does: what was not sent leaves no trace to wait for. */
const WATCH = `
  window.sent = []
  const { fetch } = window
  window.fetch = (url, options) => (options?.body && sent.push(options.body), fetch(url, options))
  const beacon = navigator.sendBeacon.bind(navigator)
  navigator.sendBeacon = (url, body) => (sent.push(body), beacon(url, body))
`

/** The edge process, a shop of somebody's, and a browser that visits it. */
export class TagWorld {
  readonly house: EdgeHouse
  readonly web: Web
  readonly chromium: Chromium
  /** Markup by path: what pages hold. */
  readonly pages: Map<string, string>
  /** Write keys: of a source, and of another one of another owner. */
  keys!: { shop: string; other: string }
  /** A page that stays, for what the site keeps. */
  #janitor: Page | undefined

  private constructor(rooms: Pick<TagWorld, 'house' | 'web' | 'chromium' | 'pages'>) {
    this.house = rooms.house
    this.web = rooms.web
    this.chromium = rooms.chromium
    this.pages = rooms.pages
  }

  static async open(tagScript: string, scripts: Record<string, string> = {}): Promise<TagWorld> {
    const house = await EdgeHouse.open({ edgeUrl: `https://${EDGE}`, tagScript })
    const pages = new Map<string, string>()
    const web = await Web.open({
      [EDGE]: house.door.port,
      [SHOP]: ({ path }, res) => {
        const script = scripts[path]
        const sandbox = path.startsWith('/sandboxed') ? '; sandbox allow-scripts' : ''
        res.setHeader('content-security-policy', POLICY + sandbox)
        if (script) res.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
        else showPage(res, pages.get(path) ?? '')
      },
    })
    const chromium = await startChromium({ webPort: web.port, thirdPartyCookies: 'blocked' })
    const world = new TagWorld({ house, web, chromium, pages })
    await world.#furnish()
    return world
  }

  async close(): Promise<void> {
    await this.chromium.close()
    await this.web.close()
    await this.house.close()
  }

  /** Opens a page of the shop, with a clock that stands still until it is wound; `first` runs before all else. */
  async visit(path: string, html: string, first = ''): Promise<Page> {
    this.pages.set(path, html.replaceAll('<script', '<script nonce="n"'))
    const page = await this.chromium.context.newPage()
    await page.clock.install()
    await page.addInitScript(`${WATCH}\n${first}`)
    await page.goto(`https://${SHOP}${path}`, { waitUntil: 'load' })
    return page
  }

  /** A page with the tag, and commands before it. */
  tag(query = '', commands = ''): string {
    return `<script>
      window.passerelleQueue = window.passerelleQueue || []
      function passerelle() { passerelleQueue.push(arguments) }
      ${commands}
    </script>
    <script async src="https://${EDGE}/tag.js?key=${this.keys.shop}${query}"></script>`
  }

  /** Forgets what was kept and seen. */
  async clear(): Promise<void> {
    for (const page of this.chromium.context.pages()) if (page !== this.#janitor) await page.close()
    await this.chromium.context.clearCookies()
    await this.#janitor?.evaluate('localStorage.clear()')
    this.#janitor ??= await this.visit('/janitor', '')
    await this.queued()
  }

  /** What was queued since it was last asked. */
  async queued(): Promise<CollectedEvent[]> {
    const { events } = this.house.store
    const found = await events.read(1_000)
    await events.ack(found.map(({ id }) => id))
    return found.map(({ body }) => unpackEvent(body)!)
  }

  batches(): Visit[] {
    return this.web.to(EDGE, '/v1/batch')
  }

  async #furnish(): Promise<void> {
    const { desk } = this.house.exchange
    const keys: Record<string, string> = {}
    for (const [id, gvlId] of Object.entries({ shop: 21, other: 22 })) {
      const body = { name: id, domain: `${id}.example`, roles: ['dmp'], region: 'US', gvlId }
      await desk.putPartner(OPERATOR, { id, body })
      const namespaces = { anonymousId: `${id}.anon`, userId: `${id}.user` }
      const source = { name: id, kind: 'web', owner: id, namespaces }
      await desk.putSource(OPERATOR, { id, body: source })
      const trait = { name: 'Anything', owner: id, when: 'messageId exists', ttlDays: 30 }
      await desk.putTrait(OPERATOR, { id: `${id}-any`, body: trait })
      keys[id] = (await desk.createSourceKey(OPERATOR, { source: id, body: {} })).key
    }
    this.keys = keys as typeof this.keys
  }
}

export interface SentMessage {
  type: string
  messageId: string
  event?: string
  anonymousId: string
  userId?: string
  context: { consent: Record<string, unknown>; page: Record<string, string> }
}

/** Every message the page has handed to the browser, in order. */
export async function sentBy(page: Page): Promise<SentMessage[]> {
  const bodies = (await page.evaluate('window.sent')) as string[]
  return bodies.flatMap((body) => JSON.parse(body).batch as SentMessage[])
}

/** What of a visitor is kept on the device. */
export async function keptBy(page: Page): Promise<{ cookie: string; storage: number }> {
  const kept = await page.evaluate('({ cookie: document.cookie, storage: localStorage.length })')
  return kept as { cookie: string; storage: number }
}
