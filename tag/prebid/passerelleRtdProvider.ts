import { ACTIVITY_ENRICH_UFPD } from 'prebid.js/src/activities/activities.js'
import { activityParams } from 'prebid.js/src/activities/activityParams.js'
import { MODULE_TYPE_RTD } from 'prebid.js/src/activities/modules.js'
import { isActivityAllowed } from 'prebid.js/src/activities/rules.js'
import { qualifiedAjaxBuilder } from 'prebid.js/src/ajax.js'
import { submodule } from 'prebid.js/src/hook.js'
import { logError, logInfo } from 'prebid.js/src/utils.js'
import type { Auction } from './auction.ts'
import { LIMITS } from './limits.ts'
import { pageAsk } from './page-ask.ts'
import { type Consent, mayAsk, mayUseCookie, saidOf } from './page-consent.ts'
import { placeTold, type Told, takeBackDeals } from './place-told.ts'

/** A real-time data module of Prebid.js: what may be known of a page's visitor, for the bidders it is contracted for. */
const NAME = 'passerelle'

// Filled in by whoever serves the module: the address of its own edge door, and its id as a vendor (GVL).
const ENDPOINT = '%EDGE_URL%/prebid/rtd'
const GVL_ID = Number('%GVL_ID%') || undefined

/** `dataProviders[]` of the page's `realTimeData`. */
interface Config {
  params?: {
    /** The page key. */
    key?: string
    /** Milliseconds an auction may be held; default LIMITS.waitMs. */
    timeout?: number
    /** Where it is asked, if elsewhere than the module came from. */
    endpoint?: string
  }
}

export const passerelleSubmodule = {
  name: NAME,
  ...(GVL_ID === undefined ? {} : { gvlid: GVL_ID }),
  init,
  getBidRequestData,
}

function init({ params }: Config): boolean {
  if (typeof params?.key === 'string' && params.key !== '') return true
  logError(`${NAME}: params.key is missing: the page key that this page was given`)
  return false
}

/** Calls back once, at the latest when its time is over, whatever happens. */
function getBidRequestData(
  request: object,
  callback: () => void,
  config: Config,
  consent: object,
  auctionDelayMs = 0,
): void {
  const waitMs = waitMsOf(config, auctionDelayMs)
  let isOver = false
  const end = () => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    callback()
  }
  const timer = setTimeout(end, waitMs)
  const place = (text: string) => {
    if (!isOver) safely(() => placeTold(request as Auction, JSON.parse(text) as Told))
    end()
  }
  safely(() => {
    takeBackDeals(request as Auction)
    ask(request as Auction, { config, consent: consent as Consent, waitMs, place, end })
  }) || end()
}

interface Asking {
  config: Config
  consent: Consent
  waitMs: number
  place: (text: string) => void
  end: () => void
}

function ask(auction: Auction, { config, consent, waitMs, place, end }: Asking): void {
  const said = saidOf(consent, auction.ortb2Fragments.global)
  if (!mayAsk(consent, said, GVL_ID) || !isEnrichingAllowed()) {
    logInfo(`${NAME}: not asked, since the visitor or the page does not allow it`)
    end()
    return
  }
  const { key = '', endpoint = ENDPOINT } = config.params ?? {}
  const error = (why: string) => {
    logInfo(`${NAME}: no answer`, why)
    end()
  }
  const body = pageAsk(auction, { key, waitMs, said })
  const how = { method: 'POST', contentType: 'text/plain', withCredentials: mayUseCookie(consent) }
  qualifiedAjaxBuilder(MODULE_TYPE_RTD, NAME, waitMs)(
    endpoint,
    { success: place, error },
    body,
    how,
  )
}

/** Deals tell of the person too, and stand where Prebid.js guards nothing: so the page's rule is asked before anything is. */
function isEnrichingAllowed(): boolean {
  return isActivityAllowed(ACTIVITY_ENRICH_UFPD, activityParams(MODULE_TYPE_RTD, NAME))
}

/** Not longer than Prebid.js waits, where it does. */
function waitMsOf({ params }: Config, auctionDelayMs: number): number {
  const waitMs = Math.max(1, Number(params?.timeout) || LIMITS.waitMs)
  return auctionDelayMs > 0 ? Math.min(waitMs, auctionDelayMs) : waitMs
}

/** False where it threw: an auction goes on in any case. */
function safely(work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    logError(`${NAME}:`, error)
    return false
  }
}

submodule('realTimeData', passerelleSubmodule)
