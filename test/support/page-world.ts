import { Asks, hourOf } from '../../exchange/sync/asks.ts'
import { browserValue, newBrowserId, sealCookie } from '../../exchange/sync/browser-cookie.ts'
import { MAIN_COOKIE } from '../../gateway/edge/cookies.ts'
import { BidHouse, type BidHouseOptions, caseWorld, type World } from './bid-house.ts'
import { type EdgeWires, openEdgeWires } from './edge-wires.ts'

const OPERATOR = { operator: true }
export const PAGE = 'https://www.news.example'

export interface PageAnswer {
  status: number
  headers: Headers
  text: string
}

export interface PageAsked {
  origin?: string
  headers?: Record<string, string>
}

/** The world of the enrich cases, with browsers in it, and pages that ask for them. */
export class PageWorld {
  readonly house: BidHouse
  readonly edge: EdgeWires
  /** A page key of North's, whose bidder is `north`. */
  key!: string

  private constructor(house: BidHouse, edge: EdgeWires) {
    this.house = house
    this.edge = edge
  }

  static async open(
    options: BidHouseOptions & { edgeUrl?: string; prebidModule?: string; world?: World } = {},
  ): Promise<PageWorld> {
    const house = await BidHouse.open(options)
    await house.settle(options.world ?? caseWorld())
    const world = new PageWorld(house, await openEdgeWires(house, options))
    world.key = await world.pageKey('north-dsp', { bidders: ['north'] })
    return world
  }

  async close(): Promise<void> {
    await this.edge.close()
    await this.house.close()
  }

  async pageKey(partner: string, page: object = {}): Promise<string> {
    const body = { scopes: ['wire:prebid'], page: { origins: [PAGE], ...page } }
    const { key } = await this.house.exchange.desk.createKey(OPERATOR, { partner, body })
    await this.house.audience.poke()
    return key
  }

  /** `POST /prebid/rtd`, as a browser would send it from a page. */
  async ask(
    body: object | string,
    { origin = PAGE, headers = {} }: PageAsked = {},
  ): Promise<PageAnswer> {
    const answer = await fetch(`http://127.0.0.1:${this.edge.port}/prebid/rtd`, {
      method: 'POST',
      headers: { origin, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify({ key: this.key, ...body }),
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }

  /** The Cookie header of a browser that a partner knows by an id. */
  async cookieOf(partner: string, uid: string): Promise<string> {
    const { keys, catalog } = this.edge.sync.rooms()!
    const id = newBrowserId()
    const { namespace } = catalog.partner(partner)!
    await this.house.audience.bind({
      browser: browserValue(id),
      id: { namespace, value: uid },
      ...{ owner: 0, method: 3, expiryDay: 40_000, browsersMax: 10, mayReplace: () => true },
    })
    await this.house.audience.poke()
    const issuedHour = hourOf(Date.now())
    return `${MAIN_COOKIE}=${sealCookie(keys, { id, issuedHour, asks: new Asks() })}`
  }
}
