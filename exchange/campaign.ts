import { checker, NAME_PATTERN, type Static, Type } from '../audience/schema.ts'
import { closed, OperatorId } from './fields.ts'

/** Catalog kind under which campaigns are kept; a record's id is the campaign's. */
export const CAMPAIGN_KIND = 'campaign'

const Count = Type.Integer({ minimum: 0, maximum: 1e12 })
/** What a campaign did is counted by a trait of its owner's, or told as a figure where it is counted elsewhere. */
const Figure = Type.Optional(
  Type.Unsafe<string | number>({
    anyOf: [
      { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' },
      { type: 'integer', minimum: 0, maximum: 1e12 },
    ],
  }),
)
const CampaignDay = Type.Optional(Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }))

/** What is counted of a campaign, in the order in which it happens. */
export const FIGURES = {
  sent: 'Messages sent.',
  bounced: 'Messages that came back for good (hard bounces).',
  delivered: 'Messages delivered; where it is not given, those sent less those bounced.',
  clicked:
    'Recipients who clicked. Counted by traits, a click within two seconds of a delivery is a machine’s.',
  booked: 'Appointments booked.',
  redeemed: 'Coupons redeemed.',
  impressions: 'Impressions bought.',
  wasted:
    'Of these, those bought on people who had converted, or were to be left out. Not given, they are counted by `converted` and `excluded`.',
  converted: 'People who did what the campaign is for.',
} as const
export type FigureName = keyof typeof FIGURES
export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[]

const figures = Object.fromEntries(FIGURE_NAMES.map((name) => [name, Figure])) as Record<
  FigureName,
  typeof Figure
>

/** Body of PUT /api/campaigns/{id}. */
export const CampaignBodySchema = closed({
  name: Type.String({ minLength: 1, maxLength: 255, pattern: NAME_PATTERN }),
  /** Partner id. Fixed when it is made. */
  owner: OperatorId,
  channel: Type.Enum(['email', 'sms', 'mail', 'call', 'display', 'other']),
  /** Days of the owner's, both included; absent: from the first, until today. */
  startsOn: CampaignDay,
  endsOn: CampaignDay,
  ...figures,
  /** Segment by rule of whom no impression is to be bought. */
  excluded: Type.Optional(OperatorId),
  /** People who were left out on purpose, to be compared with: a trait that says so, or figures. */
  control: Type.Optional(
    Type.Unsafe<string | { people: number; converted: number }>({
      anyOf: [
        { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' },
        closed({ people: Count, converted: Count }),
      ],
    }),
  ),
  cost: Type.Optional(
    closed({
      amountMicros: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    }),
  ),
})
export type CampaignBody = Static<typeof CampaignBodySchema>
/** A campaign as kept in the catalog. */
export type Campaign = CampaignBody

/** Names every field at fault of what should be a body of PUT /api/campaigns/{id}. */
export const checkCampaign = checker(CampaignBodySchema)

/** The traits a campaign is counted by. */
export function traitsOf(campaign: Campaign): string[] {
  const named = [...FIGURE_NAMES.map((name) => campaign[name]), campaign.control]
  return [...new Set(named.filter((one) => typeof one === 'string'))]
}
