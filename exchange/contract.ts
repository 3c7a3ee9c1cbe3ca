import { type Static, Type } from '../audience/schema.ts'
import { DataProtection } from './data-protection.ts'
import { ContractExclusive } from './exclusive.ts'
import {
  ContractRegion,
  Currency,
  closed,
  listOf,
  Micros,
  MomentText,
  OperatorId,
} from './fields.ts'
import { LIMITS } from './limits.ts'

/** What a buyer may do with the segments of a contract. */
export const USES = [
  'bid_enrichment',
  'activation',
  'identity',
  'overlap',
  'modeling',
  'direct',
] as const
export type Use = (typeof USES)[number]

export const CONTRACT_STATUSES = [
  'draft',
  'signed',
  'active',
  'paused',
  'revoked',
  'ended',
] as const
export type ContractStatus = (typeof CONTRACT_STATUSES)[number]

/** How a segment is written into a request; see docs/decisions/0006. */
export const WRITE_AS = ['own', 'taxonomy', 'both'] as const
export type WriteAs = (typeof WRITE_AS)[number]

export const PRICE_KINDS = [
  'cpm',
  'flat_month',
  'percent_media',
  'tiered_cpm',
  'per_match',
  'free',
] as const
export type PriceKind = (typeof PRICE_KINDS)[number]

/** What the buyer pays. One flat object, so that a refusal names the field and not a branch. */
export const Price = closed({
  kind: Type.Enum([...PRICE_KINDS]),
  /**
   * `cpm`, `tiered_cpm`: per 1,000 units (of the first tier). `flat_month`: a month. `per_match`: a
   * match. `percent_media`: millionths of the media price, 300000 is 30 %. `free`: 0 or absent.
   */
  amountMicros: Type.Optional(Micros),
  currency: Type.Optional(Currency),
  /** `flat_month`: a month begun or ended midway is paid by its days. */
  prorated: Type.Optional(Type.Boolean()),
  /** `percent_media`: least and most to pay per 1,000 units. */
  floorMicros: Type.Optional(Micros),
  capMicros: Type.Optional(Micros),
  /** `tiered_cpm`: price per 1,000 units from so many units on, ascending. */
  tiers: Type.Optional(
    listOf(closed({ fromUnits: Type.Integer({ minimum: 1 }), amountMicros: Micros }), 32, 1),
  ),
  /** `marginal` (default): each unit at its own tier's price; `all`: all at the highest reached. */
  tierMode: Type.Optional(Type.Enum(['marginal', 'all'])),
})
export type Price = Static<typeof Price>

const Cap = closed({
  units: Type.Optional(Type.Integer({ minimum: 1 })),
  spendMicros: Type.Optional(Micros),
  per: Type.Enum(['day', 'contract']),
})

/** How an audience joined of several contracts' segments is paid for: see usage/attribute. */
export const ATTRIBUTIONS = [
  'used_all',
  'used_lowest',
  'used_highest',
  'used_sum_by_category',
  'by_population',
] as const

/** Which event is a unit: see docs/endpoints/usage-and-statements.md. */
export const BILL_ON = ['billable', 'win', 'delivered'] as const

/** Body of `PUT /api/contracts/{id}`. */
export const ContractBody = closed({
  offer: Type.Optional(OperatorId),
  seller: OperatorId,
  buyer: OperatorId,
  segments: listOf(OperatorId, LIMITS.contractSegmentsMax, 1),
  price: Price,
  uses: listOf(Type.Enum([...USES]), USES.length, 1),
  /** Empty: everywhere. */
  regions: Type.Optional(listOf(ContractRegion, LIMITS.regionsMax)),
  /** First moment at which it holds. */
  startsAt: MomentText,
  /** First moment at which it no longer holds. */
  endsAt: MomentText,
  /** IANA zone in which dates without an offset are read. */
  timeZone: Type.Optional(Type.String({ maxLength: 64 })),
  caps: Type.Optional(listOf(Cap, 8)),
  /** Our segment id → the buyer's own id for it, written in its place. Notices separate the ids they name by commas. */
  externalIds: Type.Optional(
    Type.Record(
      Type.String(),
      Type.String({ maxLength: 255, pattern: '^[^,\\u0000-\\u001f\\u007f]+$' }),
      {
        maxProperties: LIMITS.contractSegmentsMax,
      },
    ),
  ),
  /** The buyer's seats the segments are for. */
  seats: Type.Optional(listOf(Type.String({ minLength: 1, maxLength: 64 }), LIMITS.seatsMax)),
  writeAs: Type.Optional(Type.Enum([...WRITE_AS])),
  attribution: Type.Optional(Type.Enum([...ATTRIBUTIONS])),
  dataProtection: Type.Optional(DataProtection),
  /** Meanwhile nobody else gets these segments there. */
  exclusive: Type.Optional(ContractExclusive),
  /** The line of business the buyer takes them for: a promise between the sides, which bids do not show. */
  category: Type.Optional(OperatorId),
  /** The exchange's own part of what is billed, in basis points; operators of the exchange set it. */
  platformFeeBps: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  billOn: Type.Optional(Type.Enum([...BILL_ON])),
  status: Type.Optional(Type.Enum([...CONTRACT_STATUSES])),
})
export type ContractBody = Static<typeof ContractBody>

export type Side = 'seller' | 'buyer'
/** Who may pause a contract: a side, or an operator of the exchange. */
export type Party = Side | 'operator'

/** Fields that tell of a contract's life: a change of them is no change of its terms. */
export const CONTRACT_LIFE = [
  'status',
  'version',
  'signed',
  'createdAt',
  'termsAt',
  'activeSince',
  'overSince',
  'pausedBy',
  'keptVersions',
] as const

/** A contract as kept in the catalog, under kind `contract` and its id. */
export interface ContractRecord extends ContractBody {
  status: ContractStatus
  regions: string[]
  writeAs: WriteAs
  billOn: (typeof BILL_ON)[number]
  /** Version of the terms: 1 at first, one more whenever anything but the status changes. */
  version: number
  /** When each side signed these terms; a new version of the terms is signed by nobody yet. */
  signed: { seller?: string; buyer?: string }
  /** When it was first made: decides between equally cheap contracts. */
  createdAt: string
  /** When these terms were written. */
  termsAt: string
  /** When it was first active under these terms; absent: never, so nothing was used under them. */
  activeSince?: string
  /** When it was revoked or ended before its time; absent while it is neither. */
  overSince?: string
  /** Who has it paused; it goes on when none of them does any more. */
  pausedBy?: Party[]
  /** Earlier versions that are kept (kind `contract_version`), ascending. */
  keptVersions: number[]
}
