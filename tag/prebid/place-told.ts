import type { Auction, Fragment, PageBid } from './auction.ts'

/** What was answered. Without `bidders` it is for every bidder of the page; nothing is `{}`. */
export interface Told {
  /** OpenRTB `user.data` objects. */
  data?: object[]
  /** OpenRTB `imp.pmp.deals` objects. */
  deals?: object[]
  /** What `regs.ext.dsa.transparency` owes for them, where the page has `dsa`. */
  transparency?: object[]
  /** Bidder codes. */
  bidders?: string[]
}

/** Places what was told into an auction: segments of the person, and deals at the bids they are for. */
export function placeTold(auction: Auction, told: Told): void {
  const { deals = [], bidders } = told
  for (const fragment of fragmentsFor(auction, bidders)) {
    addData(fragment, told.data ?? [])
    addTransparency(fragment, told.transparency ?? [])
  }
  if (deals.length > 0 && bidders !== undefined)
    for (const bid of bidsOf(auction))
      if (bidders.includes(bid.bidder ?? '')) setDeals(bid, [...dealsOf(bid), ...deals.map(ours)])
}

/** Of every bidder, or of those named. */
function fragmentsFor({ ortb2Fragments }: Auction, bidders: string[] | undefined): Fragment[] {
  if (bidders === undefined) return [(ortb2Fragments.global ??= {})]
  const byBidder = (ortb2Fragments.bidder ??= {})
  return bidders.map((code) => {
    byBidder[code] ??= {}
    return byBidder[code]
  })
}

/** Ad units outlive auctions: the next visitor's, or the same one's mind changed, may be another matter. */
export function takeBackDeals(auction: Auction): void {
  for (const bid of bidsOf(auction)) {
    const deals = dealsOf(bid)
    const others = deals.filter((deal) => !placed.has(deal))
    if (others.length < deals.length) setDeals(bid, others)
  }
}

const placed = new WeakSet<object>()

function ours(deal: object): object {
  const own = { ...deal }
  placed.add(own)
  return own
}

/** Field by field: Prebid.js shows a module of a fragment only what the page lets it see, and keeps the rest. */
function addData(fragment: Fragment, data: readonly object[]): void {
  if (data.length === 0) return
  fragment.user ??= {}
  fragment.user.data = [...(fragment.user.data ?? []), ...data]
}

function addTransparency(fragment: Fragment, entries: readonly object[]): void {
  if (entries.length === 0) return
  fragment.regs ??= {}
  fragment.regs.ext ??= {}
  const dsa = (fragment.regs.ext.dsa ??= {})
  dsa.transparency = [...(dsa.transparency ?? []), ...entries]
}

function bidsOf({ adUnits = [] }: Auction): PageBid[] {
  return adUnits.flatMap(({ bids = [] }) => bids)
}

function dealsOf({ ortb2Imp }: PageBid): object[] {
  return ortb2Imp?.pmp?.deals ?? []
}

function setDeals(bid: PageBid, deals: object[]): void {
  bid.ortb2Imp = { ...bid.ortb2Imp, pmp: { ...bid.ortb2Imp?.pmp, deals } }
}
