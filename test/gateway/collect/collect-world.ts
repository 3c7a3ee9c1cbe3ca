import { type CollectedEvent, unpackEvent } from '../../../audience/events/collected-event.ts'
import { EventDesk } from '../../../audience/events/event-desk.ts'
import { RuleBooks } from '../../../audience/events/rule-book.ts'
import { NAMESPACE_KIND, type Namespace } from '../../../audience/namespace.ts'
import { ownerOf } from '../../../exchange/collect/owner-of.ts'
import { unpackHistory } from '../../../proto/history-blob.ts'
import {
  type EdgeAnswer,
  EdgeHouse,
  type EdgeHouseOptions,
  OPERATOR,
} from '../../support/edge-house.ts'

const quiet = { warn: () => {} }
/** A shop whose every track shows the trait `any`, behind the browser door, with desks that are poked. */
export class CollectWorld {
  readonly house: EdgeHouse
  key = ''
  readonly #desks: EventDesk[] = []

  private constructor(house: EdgeHouse) {
    this.house = house
  }

  static async open(options: EdgeHouseOptions = {}): Promise<CollectWorld> {
    const world = new CollectWorld(await EdgeHouse.open(options))
    const { desk } = world.house.exchange
    const partner = { name: 'x', domain: 'x.example', roles: ['dmp'], region: 'US' }
    await desk.putPartner(OPERATOR, { id: 'dmp', body: partner })
    const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
    const source = { name: 'Shop', kind: 'web', owner: 'dmp', namespaces }
    await desk.putSource(OPERATOR, { id: 'shop', body: source })
    const trait = { name: 'any', owner: 'dmp', when: 'type == "track"', ttlDays: 100 }
    await desk.putTrait(OPERATOR, { id: 'any', body: trait })
    world.key = (await desk.createSourceKey(OPERATOR, { source: 'shop', body: {} })).key
    return world
  }

  /** A desk as the desk process has it, on the store of one of the houses. */
  desk(house = this.house): EventDesk {
    const { audience, clock } = house
    const books = new RuleBooks(() => audience.feed.current(), ownerOf)
    const desk = new EventDesk({ audience, books, clock, log: quiet, pollMs: 5 })
    this.#desks.push(desk)
    return desk
  }

  send(
    path: string,
    body: string | Uint8Array,
    {
      headers = {},
      house = this.house,
    }: { headers?: Record<string, string>; house?: EdgeHouse } = {},
  ): Promise<EdgeAnswer> {
    const authorization = `Basic ${Buffer.from(`${this.key}:`).toString('base64')}`
    return house.ask('POST', path, { headers: { authorization, ...headers }, body })
  }

  track(message: object, house = this.house): Promise<EdgeAnswer> {
    return this.send('/v1/track', JSON.stringify({ event: 'x', ...message }), { house })
  }

  /** Takes what is queued: the message ids of all of it. */
  async queued(): Promise<string[]> {
    return (await this.queuedEvents()).map(({ messageId }) => messageId)
  }

  /** The same, whole. */
  async queuedEvents(): Promise<CollectedEvent[]> {
    const { events } = this.house.store
    const all: CollectedEvent[] = []
    for (;;) {
      const some = await events.read(1_000)
      if (some.length === 0) return all
      all.push(...some.map(({ body }) => unpackEvent(body)!))
      await events.ack(some.map(({ id }) => id))
    }
  }

  /** How many events are counted for a visitor. */
  async counted(anonymousId: string): Promise<number> {
    const { audience, store } = this.house
    const { value } = audience.feed.current()!.kind(NAMESPACE_KIND).get('shop.anon')!
    const key = audience.userKeys()!.of((value as Namespace).number, anonymousId)
    const [blob] = await store.histories.read([key])
    const moments = [...unpackHistory(blob!).traits.values()].flat()
    return moments.reduce((sum, { count }) => sum + count, 0)
  }

  async close(): Promise<void> {
    for (const desk of this.#desks) await desk.close()
    await this.house.close()
  }
}
