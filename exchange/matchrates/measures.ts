/** What is counted of each partner, browser class and namespace. */
export const MEASURES = {
  /** Visits of a page that asked for the partner, where consent allows it. */
  visits: 'v',
  /** The same, where consent forbids it. */
  denied: 'x',
  /** Of the visits, those of browsers with a live match. */
  live: 'l',
  /** Of the visits, those at which there was no match, or it was due for renewal. */
  due: 'd',
  /** Syncs handed to browsers. */
  offered: 'o',
  /** Ids taken from browsers that came back from a sync. */
  matched: 'm',
  /** Bid requests of the partner, where consent allows the lookup, that named an id of the namespace. */
  named: 'n',
  /** Of these, those whose person was found by that id. */
  found: 'f',
} as const
export type Measure = keyof typeof MEASURES
export const MEASURE_NAMES = Object.keys(MEASURES) as Measure[]

/** The four rates: what is divided by what, and a sentence on it. Rates of no denominator are null. */
export const RATES = {
  offered: {
    count: 'offered',
    of: 'due',
    says: 'Syncs handed out, of the visits at which a page asked for the partner, consent allowed it, and the browser had no match or one due for renewal. Low: blocked third-party cookies, the page’s limit, or pauses after asking in vain.',
  },
  matched: {
    count: 'matched',
    of: 'offered',
    says: 'Ids taken from browsers that came back, of the syncs handed out. Low: the partner does not answer, or browsers leave before it does.',
  },
  live: {
    count: 'live',
    of: 'visits',
    says: 'Visits of browsers with a live match, of all visits at which a page asked for the partner and consent allowed it.',
  },
  biddable: {
    count: 'found',
    of: 'named',
    says: 'Bid requests of the partner whose person was found by an id of the namespace, of those that named one and where consent allowed the lookup; in the row without a namespace: found by any id, of all such requests, also those without ids. The one that earns money.',
  },
} as const satisfies Record<string, { count: Measure; of: Measure; says: string }>
export type RateName = keyof typeof RATES
export const RATE_NAMES = Object.keys(RATES) as RateName[]

/** What a counter is about. */
export interface RateField {
  measure: Measure
  /** Number of the partner. */
  partner: number
  /** Place in BROWSER_CLASSES. */
  browser: number
  /** Number of the namespace; 0: whichever. */
  namespace: number
}

/** Begins the names of these counters: usage has no such. */
export const RATES_PREFIX = 'rate|'

export function rateFieldName({ measure, partner, browser, namespace }: RateField): string {
  return `${RATES_PREFIX}${MEASURES[measure]}|${partner}|${browser}|${namespace}`
}

/** Undefined for a counter of something else. */
export function readRateField(name: string): RateField | undefined {
  const parts = FIELD.exec(name)
  const measure = parts && BY_LETTER.get(parts[1]!)
  if (!parts || !measure) return undefined
  const [partner, browser, namespace] = parts.slice(2).map(Number) as [number, number, number]
  return { measure, partner, browser, namespace }
}

const FIELD = /^rate\|([a-z])\|(\d+)\|(\d+)\|(\d+)$/
const BY_LETTER: ReadonlyMap<string, Measure> = new Map(
  MEASURE_NAMES.map((measure) => [MEASURES[measure], measure]),
)
