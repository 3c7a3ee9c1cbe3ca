import {
  type CampaignCounted,
  type CampaignTraits,
  countCampaign,
} from '../../audience/events/count-campaign.ts'
import { countIn, type Interval } from '../../audience/events/estimate-rule.ts'
import type { OwnerRules } from '../../audience/events/rule-book.ts'
import type { WalkDeps } from '../../audience/events/walk-people.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { type Campaign, FIGURE_NAMES, type FigureName, traitsOf } from '../campaign.ts'
import { type Rate, rateOf } from '../matchrates/rate.ts'
import type { ToldTo } from '../reach/told-to.ts'
import type { KpiName, KpiShown } from './kpis.ts'
import { type Uplift, upliftOf } from './uplift.ts'

/** A figure of a campaign: counted by a trait, told by whoever runs it, or made of others. */
export interface FigureShown extends Interval {
  by: 'trait' | 'told' | 'others'
}

/** How a campaign did. */
export interface CampaignShownKpis {
  campaign: string
  channel: Campaign['channel']
  /** Days of its owner's, both included; `from` null: from the first. */
  from: string | null
  to: string
  /** Nobody was left out in counting. */
  isExact: boolean
  figures: Partial<Record<FigureName, FigureShown>>
  cost: Campaign['cost'] | null
  /** Micro-units of `cost` for each appointment; null where there is none, or no cost. */
  costPerBookingMicros: number | null
  uplift: Uplift | null
}

interface CampaignKpisAsked {
  id: string
  campaign: Campaign
  sinceMs: number
  untilMs: number
  told: ToldTo
}

type Period = Pick<CampaignShownKpis, 'from' | 'to'>

/** What came of a campaign, and the shares it is judged by. */
export async function campaignKpis(
  deps: WalkDeps,
  { rules, snapshot }: { rules: OwnerRules; snapshot: CatalogSnapshot },
  { id, campaign, sinceMs, untilMs, told, ...period }: CampaignKpisAsked & Period,
): Promise<{ items: KpiShown[]; campaign: CampaignShownKpis }> {
  const isCounted = traitsOf(campaign).length > 0
  const excluded = numberOf(snapshot, campaign.excluded)
  const asked = { traits: countedBy(campaign), excluded, sinceMs, untilMs }
  const counted = isCounted ? await countCampaign(deps, rules, asked) : undefined
  const figures = new Figures(campaign, counted, told)
  const { channel, cost } = campaign
  const booked = figures.get('booked')?.count ?? 0
  return {
    items: ratesOf(id, campaign, figures),
    campaign: {
      ...{ campaign: id, channel, ...period },
      isExact: (counted?.share ?? 1) === 1,
      figures: figures.all(),
      cost: cost ?? null,
      costPerBookingMicros: cost && booked > 0 ? Math.round(cost.amountMicros / booked) : null,
      uplift: upliftIn(campaign, counted, told),
    },
  }
}

function countedBy(campaign: Campaign): CampaignTraits {
  const entries = [...FIGURE_NAMES, 'control' as const].map((name) => [name, campaign[name]])
  return Object.fromEntries(entries.filter(([, trait]) => typeof trait === 'string'))
}

function numberOf(snapshot: CatalogSnapshot, segment: string | undefined): number | undefined {
  if (segment === undefined) return undefined
  return (snapshot.kind(SEGMENT_KIND).get(segment)?.value as Segment | undefined)?.number
}

/** Figures of a campaign as far as they are known. */
class Figures {
  readonly #campaign: Campaign
  readonly #counted: CampaignCounted | undefined
  readonly #told: ToldTo

  constructor(campaign: Campaign, counted: CampaignCounted | undefined, told: ToldTo) {
    this.#campaign = campaign
    this.#counted = counted
    this.#told = told
  }

  get(name: FigureName): FigureShown | undefined {
    const given = this.#campaign[name]
    if (typeof given === 'number') return { count: given, low: given, high: given, by: 'told' }
    if (given !== undefined) return this.#byTrait(name)
    if (name === 'delivered') return this.#delivered()
    const isWasteCounted =
      name === 'wasted' &&
      typeof this.#campaign.impressions === 'string' &&
      (typeof this.#campaign.converted === 'string' || this.#campaign.excluded !== undefined)
    return isWasteCounted ? this.#byTrait(name) : undefined
  }

  all(): CampaignShownKpis['figures'] {
    const known = FIGURE_NAMES.flatMap((name) => {
      const figure = this.get(name)
      return figure ? [[name, figure]] : []
    })
    return Object.fromEntries(known)
  }

  /** Of those looked at, where both were counted: the share of a sample. Undefined where one is not known. */
  rate(count: FigureName, of: FigureName): Rate | undefined {
    const [one, all] = [this.get(count), this.get(of)]
    if (!one || !all) return undefined
    const share = one.by !== 'told' && all.by !== 'told' ? (this.#counted?.share ?? 1) : 1
    return rateOf(Math.round(one.count * share), Math.round(all.count * share))
  }

  #byTrait(name: FigureName): FigureShown {
    const { counts, share } = this.#counted!
    return { ...this.#told.interval(countIn(counts[name], share)), by: 'trait' }
  }

  /** Sent less what came back for good. */
  #delivered(): FigureShown | undefined {
    const sent = this.get('sent')
    const bounced = this.get('bounced')
    if (!sent || !bounced) return sent && { ...sent, by: 'others' }
    const less = (a: number, b: number) => Math.max(0, a - b)
    return {
      count: less(sent.count, bounced.count),
      low: less(sent.low, bounced.high),
      high: less(sent.high, bounced.low),
      by: 'others',
    }
  }
}

const RATES: readonly [KpiName, FigureName, FigureName][] = [
  ['click_rate', 'clicked', 'delivered'],
  ['booking_rate', 'booked', 'delivered'],
  ['redemption_rate', 'redeemed', 'delivered'],
  ['retargeting_waste', 'wasted', 'impressions'],
]

function ratesOf(id: string, { channel }: Campaign, figures: Figures): KpiShown[] {
  return RATES.flatMap(([kpi, count, of]) => {
    const rate = figures.rate(count, of)
    const name = kpi === 'click_rate' && channel === 'email' ? 'email_click_rate' : kpi
    return rate ? [{ kpi: name, segment: null, campaign: id, ...rate }] : []
  })
}

/** Those who were reached beside those who were left out on purpose. */
function upliftIn(
  { control, converted, sent, delivered, impressions }: Campaign,
  counted: CampaignCounted | undefined,
  told: ToldTo,
): Uplift | null {
  if (typeof control === 'string' && counted && typeof converted === 'string') {
    const { counts } = counted
    const reached = told.rate(counts.treatedConverted, counts.treated)
    return upliftOf(reached, told.rate(counts.controlConverted, counts.control))
  }
  const people = [delivered, sent, impressions].find((one) => typeof one === 'number')
  if (typeof control !== 'object' || typeof converted !== 'number' || typeof people !== 'number')
    return null
  return upliftOf(rateOf(converted, people), rateOf(control.converted, control.people))
}
