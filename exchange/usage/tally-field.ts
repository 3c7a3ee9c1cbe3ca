import type { Witness } from './ledger-record.ts'

/** What a counter counts. The key is what code says, the value what stands in the field's name. */
export const MEASURES = {
  /** Units, each one segment in one billed impression or in one delivered answer. */
  units: 'u',
  /**
   * Clearing prices per 1,000 impressions that were told for units, summed in micro-units: of units that are
   * paid by their share of it (`percent_media`), and of all others.
   */
  shared: 's',
  media: 'm',
  /**
   * Units under `percent_media` that the contract's least or most price per 1,000 applies to; and units
   * for which a notice told no price.
   */
  floored: 'f',
  capped: 'c',
  unpriced: 'n',
  /** Impressions whose loss was told; never billed. */
  lost: 'l',
  /** Prices told for an impression beyond the first, which differ from it. */
  conflicts: 'd',
  /** Units a buyer reported of what we count ourselves, to be compared. */
  reported: 'r',
  /** Units told by a win or billing notice, under terms nobody knew at that moment. */
  unknownWon: 'w',
  unknownBilled: 'b',
} as const
export type Measure = keyof typeof MEASURES

/** What a counter of usage is about; '' where a part does not apply. */
export interface TallyField {
  measure: Measure
  contract: string
  version: number
  segment: string
  /** The deal whose audience the segment made true. */
  deal: string
  witness: Witness
  /** Of the notice's price, where the contract is paid as a share of it. */
  currency: string
  /**
   * Names the set of segments that were used together, where the contract's `attribution` asks which
   * of them is billed; every segment of the set has a counter under the same name.
   */
  set: string
}

const LETTERS: Readonly<Record<Witness, string>> = {
  gateway: 'g',
  buyer: 'b',
  exchange: 'x',
  creative: 'c',
}
const MEASURE_OF = reversed(MEASURES) as ReadonlyMap<string, Measure>
const WITNESS_OF = reversed(LETTERS) as ReadonlyMap<string, Witness>

/** The name of a counter, at most about 220 bytes: ids hold no `|`. */
export function encodeField(field: TallyField): string {
  const { measure, contract, version, segment, deal, witness, currency, set } = field
  const letters = MEASURES[measure] + LETTERS[witness]
  return [letters, contract, version, segment, deal, currency, set].join('|')
}

/** Undefined for a name that is none of ours. */
export function decodeField(name: string): TallyField | undefined {
  const parts = name.split('|')
  const [letters = '', contract, version, segment, deal, currency, set] = parts as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const measure = MEASURE_OF.get(letters[0]!)
  const witness = WITNESS_OF.get(letters[1]!)
  if (parts.length !== 7 || !measure || !witness) return undefined
  return { measure, contract, version: Number(version), segment, deal, witness, currency, set }
}

/** The contract that a counter's name is of, for a fraction of what decoding it costs. */
export function contractOf(name: string): string {
  const from = name.indexOf('|') + 1
  return name.slice(from, name.indexOf('|', from))
}

/** The counter is of a set of segments that were used together. */
export function isSetName(name: string): boolean {
  return !name.endsWith('|')
}

function reversed(letters: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(letters).map(([word, letter]) => [letter, word]))
}
