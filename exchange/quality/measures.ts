/** What is counted of each source's messages, by the letter it has in the store. */
export const SOURCE_MEASURES = {
  /** Messages that came under one of its write keys. */
  received: 'r',
  /** Of these, those that may not be kept: consent, or a contract that does not hold. */
  denied: 'x',
  /** Of these, those that say something of consent. */
  consented: 'c',
  /** Of those that may be kept, those that can be read. */
  valid: 'v',
  /** Of the valid ones: that name a customer. */
  identified: 'i',
  /** … that happened more than QUALITY_LIMITS.lateMs before they came. */
  late: 'l',
  /** … that say when they were sent, and of these those that are off by more than QUALITY_LIMITS.skewMs. */
  stamped: 't',
  skewed: 's',
  /** … that name a user agent, and of these those of robots. */
  agents: 'a',
  robots: 'b',
  /** … that were asked of a tracking plan, and of these those that are not as it says. */
  planned: 'p',
  unplanned: 'u',
  /** Visits of a page or an app, and those in which the customer was known. */
  visits: 'n',
  connectedVisits: 'o',
  /** Views of pages and screens in them, likewise. */
  views: 'w',
  connectedViews: 'y',
  /** Messages the desk counted, and those it had counted before. */
  counted: 'k',
  repeated: 'd',
  /** Of the counted ones, those about somebody who is known by another id, too. */
  matched: 'm',
} as const
export type SourceMeasure = keyof typeof SOURCE_MEASURES
export const SOURCE_MEASURE_NAMES = Object.keys(SOURCE_MEASURES) as SourceMeasure[]

/** Whose messages are counted: a source id that was given up and taken by somebody else is another source. */
export interface CountedSource {
  id: string
  /** Number of the partner that owns it. */
  owner: number
}

/** Begins the names of these counters. */
export const QUALITY_PREFIX = 'source|'

export function sourceFieldName(measure: SourceMeasure, { id, owner }: CountedSource): string {
  return `${QUALITY_PREFIX}${SOURCE_MEASURES[measure]}|${owner}|${id}`
}

/** Undefined for a counter of something else. */
export function readSourceField(
  name: string,
): (CountedSource & { measure: SourceMeasure }) | undefined {
  const [, letter, owner, id] = FIELD.exec(name) ?? []
  const measure = letter && BY_LETTER.get(letter)
  return measure ? { measure, owner: Number(owner), id: id! } : undefined
}

const FIELD = /^source\|([a-z])\|(\d+)\|([a-z0-9_-]+)$/
const BY_LETTER: ReadonlyMap<string, SourceMeasure> = new Map(
  SOURCE_MEASURE_NAMES.map((measure) => [SOURCE_MEASURES[measure], measure]),
)
