import type { Rate } from '../matchrates/rate.ts'

/** The KPIs that are shares, each as its numerator of its denominator. */
export const KPIS = {
  connected_navigation_rate:
    'Visits of pages and apps in which the customer was known, of all visits by no robot; a visit ends after 30 minutes without a message (KPI 1).',
  connected_view_rate:
    'The same weighed by views: views of pages and screens in such visits, of all in visits (KPI 1).',
  account_rate:
    'Customers who signed in on the owner’s pages or in its apps in the period, of all customers; `on` says where: anywhere (`any`), on pages alone, in apps alone, or on both (KPI 3).',
  reconciliation_rate:
    'Customers with at least one device, cookie or partner id, over a live match seen in the period, of all customers (KPI 4).',
  on_off_overlap:
    'People known offline who have at least one device, cookie or partner id, over a live match seen in the period, of all people known offline (KPI 5).',
  email_click_rate:
    'Recipients of an e-mail campaign who clicked, machines left out, of its messages delivered: sent less hard bounces (KPI 2).',
  click_rate: 'The same of a campaign on another channel.',
  booking_rate: 'Appointments booked, of messages delivered (KPI 9).',
  redemption_rate: 'Coupons redeemed, of messages delivered (KPI 9).',
  retargeting_waste:
    'Impressions bought on people who had converted or were to be left out, of all impressions of the campaign (KPI 8).',
  near_cache_hit_rate:
    'Looks into bid processes’ near-caches that found what is known of an id, or that nothing is, of all looks (KPI 7).',
  near_cache_stale_rate:
    'Records served from near-caches while they were read anew, of all looks: these may be some seconds old (KPI 7).',
  match_rate: 'People with a live id of the partner’s, of all people in the segment (KPI 6).',
} as const
export type KpiName = keyof typeof KPIS

export const ACCOUNTS_ON = ['any', 'web', 'app', 'both'] as const
export type AccountsOn = (typeof ACCOUNTS_ON)[number]

export interface KpiShown extends Rate {
  kpi: KpiName
  /** Null: not of one segment. */
  segment: string | null
  partner?: string
  /** Of which source; absent: of all that the caller sees. */
  source?: string
  campaign?: string
  on?: AccountsOn
  band?: { from: number; to: number; isWithin: boolean | null }
}
