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
  user?: {
    data?: object[]
    eids?: Eid[]
    consent?: unknown
    ext?: { eids?: Eid[]; consent?: unknown }
  }
  device?: { lmt?: unknown; dnt?: unknown; geo?: { country?: string } }
  regs?: Signals & { ext?: Signals & { dsa?: { transparency?: object[] } } }
}

/** Of OpenRTB's `regs`, in either placement; of whatever type a page has written. */
export interface Signals {
  gdpr?: unknown
  us_privacy?: unknown
  gpp?: unknown
  gpp_sid?: unknown
  coppa?: unknown
  gpc?: unknown
}

export interface PageBid {
  bidder?: string | null
  ortb2Imp?: { pmp?: { deals?: object[] } }
}
