import type { Eid } from './page-ask.ts'

/** What of an auction is read and written here (Prebid.js `StartAuctionOptions`). */
export interface Auction {
  ortb2Fragments: {
    global?: Fragment
    bidder?: Record<string, Fragment>
  }
  adUnits?: { bids?: PageBid[] }[]
}

export interface Fragment {
  user?: { data?: object[]; eids?: Eid[]; ext?: { eids?: Eid[] } }
  device?: { lmt?: number; dnt?: number; geo?: { country?: string } }
  regs?: { ext?: { dsa?: { transparency?: object[] } } }
}

export interface PageBid {
  bidder?: string | null
  ortb2Imp?: { pmp?: { deals?: object[] } }
}
