import { ConsentReading } from '../../audience/consent/consent-reading.ts'
import { Candidates } from '../../audience/people/candidates.ts'
import { PersonView } from '../../audience/people/person-view.ts'
import type { BuyerView, Provider } from '../../exchange/buyer-view.ts'
import type { KeyHolder } from '../../exchange/compile-keys.ts'
import type { ExchangeCatalog } from '../../exchange/exchange-catalog.ts'
import { BidFacts } from '../../proto/bid-facts.ts'
import { RequestPlaces } from '../../proto/request-places.ts'
import type { Answer, Ask } from '../http/door.ts'
import type { BidRooms } from './bid-rooms.ts'
import { Edits } from './edits.ts'
import { empty } from './empty.ts'
import { BID_LIMITS } from './limits.ts'
import { Plan } from './plan-additions.ts'
import { type Prefer, readPrefer } from './prefer.ts'
import { Selection } from './selection.ts'
import { isSampled, StepClock } from './step-clock.ts'
import type { Gives, Wire } from './wire.ts'

/**
 * One bid request under way, and everything its life needs. Reused from request to request: one that
 * is answered at once allocates next to nothing. One that waits for the store keeps its Bid until the
 * store has answered, even when its client was answered before.
 */
export class Bid {
  readonly rooms: BidRooms
  readonly wire: Wire
  /** What the answer can carry. */
  gives: Gives
  ask!: Ask
  answer!: Answer
  /** The bid request itself, inflated where it came compressed. */
  bytes: Uint8Array = NOTHING
  /** The catalog the request arrived under; undefined while none is loaded. */
  catalog: ExchangeCatalog | undefined
  holder: KeyHolder | undefined
  /** clock.elapsed() of the head's arrival. */
  arrivedMs = 0
  /** The same clock when its client stops waiting, where the wire says that; else Infinity. */
  deadlineMs = Number.POSITIVE_INFINITY
  /** What the wire keeps of the request around the bid request. */
  kept: unknown
  prefer: Prefer = readPrefer('')
  /** Number of the exchange the request comes from; 0 where unknown. */
  exchange = 0
  /** A browser asks for itself: `user.buyeruid` is our own cookie's id of it. */
  isBrowser = false
  /** Why nothing about the person is added; '' while nothing speaks against it. */
  reason = ''
  /** Wall time (ms) of what is being done: of the recall, and then of the choice, and so of the answer. */
  atMs = 0
  /** What the buyer may be given, once chosen from. */
  view: BuyerView | undefined
  /** Sent already, late: the store is still at it. */
  isAnswered = false

  readonly facts: BidFacts
  readonly places = new RequestPlaces()
  readonly consent = new ConsentReading()
  readonly candidates = new Candidates()
  readonly person = new PersonView()
  readonly selection = new Selection()
  readonly plan = new Plan()
  readonly edits = new Edits()
  readonly steps: StepClock
  /** Verdicts on providers, each asked once a request. */
  readonly providersAsked: Provider[] = []
  readonly providersAllowed: boolean[] = []

  constructor(rooms: BidRooms, wire: Wire) {
    this.rooms = rooms
    this.wire = wire
    this.gives = wire.gives
    this.facts = new BidFacts(wire.form.facts)
    this.steps = new StepClock(rooms.clock)
  }

  begin(ask: Ask, answer: Answer): void {
    this.ask = ask
    this.answer = answer
    this.gives = this.wire.gives
    this.bytes = ask.body
    this.catalog = this.rooms.exchange.catalog()
    this.holder = undefined
    this.exchange = 0
    this.isBrowser = false
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.kept = undefined
    this.reason = ''
    this.view = undefined
    this.isAnswered = false
    this.person.reset()
    this.selection.reset()
    this.plan.reset()
    this.edits.reset()
    empty(this.providersAsked)
    empty(this.providersAllowed)
    this.arrivedMs = ask.arrivedMs
    this.steps.start(isSampled(), ask.arrivedMs)
  }

  /** Tests are answered like any request, and never billed. */
  get isTest(): boolean {
    return this.facts.test
  }

  /** Impressions its tokens may be won for; LIMITS.tokenImpsMax stands for more. */
  get imps(): number {
    return this.places.impCount
  }

  /** The trace was asked for, on a key that may. */
  get isTraced(): boolean {
    return this.prefer.trace && (this.holder?.trace ?? false)
  }

  /**
   * Makes the request's bytes outlive the handler: it will be answered later. Where they are no part of the body, the
   * wire has made a copy of its own, or its form makes one.
   */
  keep(): void {
    const { form } = this.wire
    const { bytes, ask } = this
    const from = bytes.byteOffset - ask.body.byteOffset
    const isPart =
      bytes.buffer === ask.body.buffer && from >= 0 && from + bytes.length <= ask.body.length
    if (form.keepBytes !== undefined) this.bytes = form.keepBytes(this)
    else if (isPart) this.bytes = ask.keepBody().subarray(from, from + bytes.length)
    this.facts.bytes = this.bytes
    // Providers are asked for later, of the strings in these bytes.
    if (this.holder !== undefined) this.consent.read(this.facts, this.holder.partner)
  }
}

const NOTHING = new Uint8Array(0)

/** Bids for reuse: as many are kept as were ever under way at once, up to a bound. */
export class BidPool {
  readonly #rooms: BidRooms
  readonly #wire: Wire
  readonly #free: Bid[] = []

  constructor(rooms: BidRooms, wire: Wire) {
    this.#rooms = rooms
    this.#wire = wire
  }

  take(ask: Ask, answer: Answer): Bid {
    const bid = this.#free.pop() ?? new Bid(this.#rooms, this.#wire)
    bid.begin(ask, answer)
    return bid
  }

  giveBack(bid: Bid): void {
    if (this.#free.length < BID_LIMITS.contextsKeptMax) this.#free.push(bid)
  }
}
