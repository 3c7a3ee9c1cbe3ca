import { LIMITS } from './limits.ts'
import { quietly } from './quietly.ts'
import type { Settings } from './settings.ts'
import { isOptedOutOf, type ParsedSections, sectionOf } from './us-opt-out.ts'

/** Whether something may be kept on the device and sent: not known yet, yes, or no. */
export type Verdict = 'wait' | 'yes' | 'no'

/** `context.consent` of a message. */
export interface ConsentFields {
  gdpr?: 0 | 1
  gdprConsent?: string
  gpp?: string
  gppSid?: string
  usPrivacy?: string
}

/** What a page says itself, in place of consent tools: `passerelle('consent', { granted: true, gdpr: 0 })`. */
export interface PageConsent extends ConsentFields {
  granted?: boolean
}

/** Of IAB Europe's TCF (CMP API v2, TCData). */
interface TcData {
  gdprApplies?: boolean
  eventStatus?: string
  tcString?: string
  purpose?: { consents?: Record<number, boolean> }
  vendor?: { consents?: Record<number, boolean> }
}

/** Of IAB Tech Lab's GPP (CMP API 1.1, PingReturn). */
interface GppPing {
  signalStatus?: string
  applicableSections?: number[]
  gppString?: string
  parsedSections?: ParsedSections
}

interface ConsentTools {
  __tcfapi?: (command: string, version: 2, then: (data: TcData | null, ok: boolean) => void) => void
  __gpp?: (command: string, then: (event: { pingData?: GppPing } | null) => void) => void
  __uspapi?: (
    command: string,
    version: 1,
    then: (data: { uspString?: string } | null) => void,
  ) => void
}

/** TCF purposes for a profile by an id that is kept on the device; the server asks the same ones. */
const PURPOSES = [1, 3]
const TCF_EU = 2

/** Listens to a page's consent tools, and says what they allow. Asks nobody else, and keeps nothing. */
export class Consent {
  readonly #settings: Settings
  #onChange = () => {}
  #tcf: TcData | undefined
  #gpp: GppPing | undefined
  #usp: string | undefined
  #page: PageConsent | undefined
  #hears: { tcf?: true; gpp?: true; usp?: true } = {}
  #isLooking = true

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Calls back whenever the verdict may have changed. */
  listen(onChange: () => void): void {
    this.#onChange = onChange
    this.#look()
    const timer = setInterval(() => this.#look(), LIMITS.lookEveryMs)
    setTimeout(() => {
      clearInterval(timer)
      this.#isLooking = false
      this.#onChange()
    }, LIMITS.lookMs[this.#settings.gdpr])
  }

  /** What the page says goes before what its tools say. */
  say(page: PageConsent): void {
    this.#page = page
    this.#onChange()
  }

  verdict(): Verdict {
    if ((navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl) return 'no'
    if (this.#page) return verdictOf(this.#page.granted === true)
    // One that comes when it is looked for no more counts from the next command on.
    this.#look()
    this.#askUsp()
    if (this.#usp?.[2] === 'Y' || isOptedOutOf(this.#gpp?.parsedSections)) return 'no'
    if (this.#isUndecided()) return 'wait'
    const applies = this.#gdprApplies()
    if (applies === undefined) return this.#isLooking ? 'wait' : verdictOf(!this.#settings.gdpr)
    return verdictOf(!applies || this.#isGranted())
  }

  fields(): ConsentFields {
    if (this.#page) {
      const { granted: _, ...said } = this.#page
      return said
    }
    const applies = this.#gdprApplies()
    const { gppString, applicableSections = [] } = this.#gpp ?? {}
    return {
      ...(applies === undefined ? {} : { gdpr: applies ? 1 : 0 }),
      ...(this.#tcf?.tcString && applies ? { gdprConsent: this.#tcf.tcString } : {}),
      ...(gppString ? { gpp: gppString, gppSid: applicableSections.join() } : {}),
      ...(this.#usp ? { usPrivacy: this.#usp } : {}),
    }
  }

  #look(): void {
    const { __tcfapi, __gpp } = window as ConsentTools
    if (__tcfapi && !this.#hears.tcf) {
      this.#hears.tcf = true
      quietly(() =>
        __tcfapi('addEventListener', 2, (data, ok) => ok && data && this.#hearTcf(data)),
      )
    }
    if (__gpp && !this.#hears.gpp) {
      this.#hears.gpp = true
      quietly(() => __gpp('addEventListener', (event) => this.#hearGpp(event?.pingData)))
    }
  }

  /** While the visitor is being asked (`cmpuishown`), what was decided before holds. */
  #hearTcf(data: TcData): void {
    const isMade = data.eventStatus === 'tcloaded' || data.eventStatus === 'useractioncomplete'
    if (!isMade && data.gdprApplies !== false) return
    this.#tcf = data
    this.#onChange()
  }

  #hearGpp(ping: GppPing | undefined): void {
    if (ping?.signalStatus !== 'ready') return
    this.#gpp = ping
    this.#onChange()
  }

  /** It tells of no change by itself: it is asked whenever something depends on it. */
  #askUsp(): void {
    const { __uspapi } = window as ConsentTools
    if (!__uspapi) return
    this.#hears.usp = true
    const hear = (data: { uspString?: string } | null) => {
      const isFirst = this.#usp === undefined
      this.#usp = data?.uspString ?? ''
      if (isFirst) this.#onChange()
    }
    quietly(() => __uspapi('getUSPData', 1, hear))
  }

  /** A tool is there, and has not said what the visitor wants. */
  #isUndecided(): boolean {
    const { tcf, gpp, usp } = this.#hears
    return !!((tcf && !this.#tcf) || (gpp && !this.#gpp) || (usp && this.#usp === undefined))
  }

  /** Undefined: nobody says. */
  #gdprApplies(): boolean | undefined {
    if (this.#tcf?.gdprApplies !== undefined) return this.#tcf.gdprApplies
    const sections = this.#gpp?.applicableSections?.filter((section) => section > 0) ?? []
    return sections.length > 0 ? sections.includes(TCF_EU) : undefined
  }

  #isGranted(): boolean {
    const { vendor } = this.#settings
    if (this.#tcf) {
      const { purpose, vendor: vendors } = this.#tcf
      const isFor = (id: number) => purpose?.consents?.[id] === true
      return PURPOSES.every(isFor) && (!vendor || vendors?.consents?.[vendor] === true)
    }
    const { PurposeConsents, VendorConsents } = sectionOf(this.#gpp?.parsedSections, 'tcfeuv2')
    const isFor = (id: number) => has(PurposeConsents, id)
    return PURPOSES.every(isFor) && (!vendor || has(VendorConsents, vendor))
  }
}

function verdictOf(isAllowed: boolean): Verdict {
  return isAllowed ? 'yes' : 'no'
}

/** Of a list of ids, or of a yes or no for each from 1 on. */
function has(list: unknown, id: number): boolean {
  return Array.isArray(list) && (list.includes(id) || list[id - 1] === true)
}
