import { DAY_MS } from '../../audience/clock.ts'
import { type Random, seeded } from '../../test/support/random.ts'

/** The channels a shop meets people on; each is a source. */
export const CHANNELS = ['web', 'app', 'crm', 'wifi', 'pos'] as const
export type Channel = (typeof CHANNELS)[number]

/** A message of the Segment HTTP tracking API, and when it is sent, which may be days after what it tells of. */
export interface Sent {
  channel: Channel
  sentMs: number
  message: Readonly<Record<string, unknown>>
}

/** What is true of a person, whatever of it can be known. */
export interface Truth {
  /** Its customer number; undefined: no customer. */
  customer: string | undefined
  hasArea: boolean
  /** Ids of visitors under which this customer said who it is, and let that be kept. */
  devices: string[]
}

export interface PopulationOptions {
  people: number
  seed: number
  /** The events are of so many days up to this moment. */
  endMs: number
  days?: number
}

/**
 * Five ways to be a shop's public, beside bots, and how many are of each: `area` is who has a customer area, `login` who signs in
 * on a device of its own within the period, of those who have one. Together they make some 27 in a hundred customers
 * with an area known on a device, as is usual (20 to 35).
 */
const PERSONAS: readonly Persona[] = [
  { share: 0.34, channels: ['web'], isCustomer: false, area: 0, login: 0 },
  { share: 0.08, channels: ['bot'], isCustomer: false, area: 0, login: 0 },
  { share: 0.1, channels: ['wifi'], isCustomer: false, area: 0, login: 0 },
  { share: 0.22, channels: ['web', 'crm'], isCustomer: true, area: 0.9, login: 0.32 },
  { share: 0.08, channels: ['app', 'web', 'crm'], isCustomer: true, area: 1, login: 0.4 },
  { share: 0.18, channels: ['pos', 'wifi', 'crm'], isCustomer: true, area: 0.7, login: 0.03 },
]
interface Persona {
  share: number
  /** What it does; a bot is met on the web. */
  channels: readonly (Channel | 'bot')[]
  isCustomer: boolean
  area: number
  login: number
}

/** Shares of the public, of devices and of messages, as that of bots is. */
const REFUSING = 0.06
const SHARED_DEVICES = 0.03
const LATE = 0.02
const DUPLICATES = 0.01
/** Products are looked at by Zipf's law. */
const PRODUCTS = 1_000
const VISITS_MAX = 4
const BOT_PAGES = 30
const LATE_DAYS_MAX = 5
/** People whose messages are sent in the order of time. */
const COHORT = 1_000

/** People a thousand at a time: each of them is what its number and the seed make it, however many there are. */
export function* population(
  options: PopulationOptions,
): Iterable<{ sent: Sent[]; truth: Truth[] }> {
  const { people, seed } = options
  for (let from = 0; from < people; from += COHORT) {
    const sent: Sent[] = []
    const truth: Truth[] = []
    let household: string | undefined
    for (let number = from; number < Math.min(from + COHORT, people); number++) {
      const random = seeded((Math.imul(number + 1, 0x9e3779b1) ^ seed) >>> 0)
      const life = new Life(number, random, { ...options, household })
      life.live()
      sent.push(...life.sent)
      truth.push(life.truth)
      household = life.device
    }
    yield { sent: sent.sort((a, b) => a.sentMs - b.sentMs), truth }
  }
}

type LifeOptions = PopulationOptions & { household: string | undefined }

/** One person's doings in the period. */
class Life {
  readonly sent: Sent[] = []
  readonly truth: Truth
  /** The last device it used. */
  device: string | undefined
  readonly #number: number
  readonly #random: Random
  readonly #options: LifeOptions
  readonly #persona: Persona
  readonly #refuses: boolean

  constructor(number: number, random: Random, options: LifeOptions) {
    this.#number = number
    this.#random = random
    this.#options = options
    this.#persona = personaOf(random())
    const { isCustomer, area } = this.#persona
    this.#refuses = this.#is(REFUSING)
    const customer = isCustomer ? `c${number}` : undefined
    this.truth = { customer, hasArea: this.#is(area), devices: [] }
  }

  live(): void {
    for (const channel of this.#persona.channels) this[channel]()
  }

  web(): void {
    this.#visits('web', this.#deviceOf('w'))
  }

  app(): void {
    this.#visits('app', this.#deviceOf('m'))
  }

  /** The nightly file says who is a customer. */
  crm(): void {
    const { customer, hasArea } = this.truth
    const traits = { customerArea: hasArea, city: this.#random.pick(['Paris', 'Lille', 'Lyon']) }
    this.#send('crm', this.#moment(), { type: 'identify', userId: customer, traits })
  }

  /** The portal of the shop's network asks some who they are. */
  wifi(): void {
    const anonymousId = `f${this.#number}`
    this.#send('wifi', this.#moment(), { type: 'track', event: 'Store Entered', anonymousId })
    this.#signIn('wifi', anonymousId)
  }

  /** At the till a customer shows its number. */
  pos(): void {
    const { customer: userId } = this.truth
    const properties = { total: 5 + this.#random.int(200) }
    const atMs = this.#moment()
    this.#send('pos', atMs, { type: 'track', event: 'Order Completed', userId, properties })
  }

  #visits(channel: 'web' | 'app', anonymousId: string): void {
    this.device = anonymousId
    for (let visit = 1 + this.#random.int(VISITS_MAX); visit > 0; visit--) {
      const atMs = this.#moment()
      const product = `p${Math.floor(PRODUCTS ** this.#random())}`
      const seen = { type: 'track', anonymousId, properties: { product } }
      this.#send(channel, atMs, { ...seen, event: 'Product Viewed' })
      if (this.#is(0.3)) this.#send(channel, atMs + 60_000, { ...seen, event: 'Product Added' })
      if (this.#is(0.08)) this.#send(channel, atMs + 300_000, { ...seen, event: 'Order Completed' })
    }
    this.#signIn(channel, anonymousId)
  }

  #signIn(channel: Channel, anonymousId: string): void {
    const { customer: userId, hasArea, devices } = this.truth
    if (userId === undefined || !hasArea || !this.#is(this.#persona.login)) return
    this.#send(channel, this.#moment(), { type: 'identify', anonymousId, userId })
    if (!this.#refuses && !devices.includes(anonymousId)) devices.push(anonymousId)
  }

  /** Pages one after the other, all day, and never an identity. */
  bot(): void {
    const beginMs = this.#moment()
    const anonymousId = `b${this.#number}`
    const context = { userAgent: 'Mozilla/5.0 (compatible; bot/1.0)' }
    for (let page = 0; page < BOT_PAGES; page++) {
      const seen = { type: 'track', event: 'Product Viewed', anonymousId, context }
      this.#send('web', beginMs + page * 2_000, { ...seen, properties: { product: `p${page}` } })
    }
  }

  /** The family's, now and then. */
  #deviceOf(kind: string): string {
    const { household } = this.#options
    return household !== undefined && this.#is(SHARED_DEVICES)
      ? household
      : `${kind}${this.#number}`
  }

  #send(channel: Channel, atMs: number, message: Record<string, unknown>): void {
    const at = Math.min(atMs, this.#options.endMs)
    const messageId = `${this.#number}-${this.sent.length}`
    const timestamp = new Date(at).toISOString()
    const consent = this.#refuses && channel !== 'crm' ? { usPrivacy: '1YYN' } : {}
    const context = { ...(message['context'] as object), consent }
    const late = this.#is(LATE) ? this.#random.int(LATE_DAYS_MAX * DAY_MS) : 0
    const one = {
      channel,
      sentMs: at + late,
      message: { ...message, messageId, timestamp, context },
    }
    this.sent.push(one)
    if (this.#is(DUPLICATES)) this.sent.push({ ...one, sentMs: one.sentMs + 1_000 })
  }

  /** Somewhere in the period, more often in the evening. */
  #moment(): number {
    const { endMs, days = 30 } = this.#options
    const day = Math.floor(endMs / DAY_MS) - 1 - this.#random.int(days - 1)
    return Math.floor((day + Math.max(this.#random(), this.#random())) * DAY_MS)
  }

  #is(share: number): boolean {
    return this.#random() < share
  }
}

function personaOf(chance: number): Persona {
  let left = chance
  return PERSONAS.find(({ share }) => (left -= share) < 0) ?? PERSONAS[0]!
}
