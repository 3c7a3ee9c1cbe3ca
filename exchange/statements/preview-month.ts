import type { ContractBody } from '../contract.ts'
import { apportion } from '../usage/price/apportion.ts'
import { type Counts, noCounts } from '../usage/price/counts.ts'
import { monthAmounts } from '../usage/price/month-amounts.ts'
import { grouped } from '../usage/price/price-lines.ts'
import type { UsageLine } from '../usage/read/usage-line.ts'
import { type Divided, divided } from './fee.ts'

/** What a preview rests on that the contract itself would do otherwise. */
export const PreviewNotes = {
  no_usage: 'The buyer used none of these segments of this seller in these days.',
  counted_as_was: 'Units were counted by what the contracts of that time were billed on.',
  attributed_as_was: 'Segments used together were attributed as the contracts of that time say.',
  bounds_on_average:
    'Least and most per 1,000 are held against the average price of a line, not against each price.',
} as const
export type PreviewNote = keyof typeof PreviewNotes

/** What a segment's usage in a month would have cost. */
export interface PreviewLine extends Divided {
  month: string
  /** '' where the line is a fee by the month. */
  segment: string
  deal: string
  units: number
  currency: string
}

/** Units of one segment on one deal, and the prices told for them by currency. */
interface Usage {
  segment: string
  deal: string
  units: bigint
  /** Of them, how many a price was told for. */
  priced: bigint
  told: Map<string, Told>
}

/** Prices told in one currency, summed, and for how many units. */
interface Told {
  sum: bigint
  priced: bigint
}

const MILLION = 1_000_000n

/** A month's usage under other terms; the lines are of one month and of this contract's segments. */
export function previewMonth(
  lines: readonly UsageLine[],
  terms: ContractBody,
  month: string,
): PreviewLine[] {
  const { price, platformFeeBps = 0 } = terms
  const counted = usageOf(lines).flatMap((usage) => countsOf(usage, price))
  const [amounts] = monthAmounts([{ price, lines: counted.map(({ counts }) => counts) }])
  return counted.map(({ usage, counts, currency }, i) => ({
    month,
    segment: usage.segment,
    deal: usage.deal,
    units: Number(counts.units),
    ...divided(amounts![i]!, platformFeeBps),
    currency,
  }))
}

function usageOf(lines: readonly UsageLine[]): Usage[] {
  const groups = grouped(lines, ({ segment, deal }) => `${segment}.${deal}`)
  return [...groups.values()].map((some) => {
    const units = sumOf(some, (line) => line.units)
    const priced = sumOf(some, pricedOf)
    return { segment: some[0]!.segment, deal: some[0]!.deal, units, priced, told: toldIn(some) }
  })
}

/**
 * Units that are paid by their share of a price stand with its currency. Of others only the sums of prices do: where
 * these are in several currencies, units are divided as the sums are.
 */
function toldIn(lines: readonly UsageLine[]): Map<string, Told> {
  const isShare = ({ shared, floored, capped }: UsageLine) => shared + floored + capped > 0n
  const others = lines.filter((line) => !isShare(line))
  const units = sumOf(others, pricedOf)
  const told = new Map<string, Told>()
  const sums = [...grouped(lines, ({ currency }) => currency)].map(([currency, some]) => ({
    currency,
    sum: sumOf(some, (line) => line.shared + line.media),
    media: sumOf(some, (line) => (isShare(line) ? 0n : line.media)),
    priced: sumOf(some, (line) => (isShare(line) ? pricedOf(line) : 0n)),
  }))
  const parts = apportion(
    units,
    sums.map(({ media }) => media),
  )
  for (const [i, { currency, sum, priced }] of sums.entries())
    if (sum > 0n) told.set(currency, { sum, priced: priced + parts[i]! })
  return told
}

function pricedOf({ witness, units, unpriced }: UsageLine): bigint {
  return witness === 'gateway' ? 0n : units - unpriced
}

function sumOf(lines: readonly UsageLine[], of: (line: UsageLine) => bigint): bigint {
  return lines.reduce((all, line) => all + of(line), 0n)
}

interface Counted {
  usage: Usage
  counts: Counts
  currency: string
}

/** A share of prices told in several currencies is a line in each; the units stand on the first. */
function countsOf(usage: Usage, price: ContractBody['price']): Counted[] {
  const { units, priced, told } = usage
  const own = price.currency ?? ''
  if (price.kind !== 'percent_media' || told.size === 0) {
    const counts = { ...noCounts(), units, unpriced: price.kind === 'percent_media' ? units : 0n }
    return [{ usage, counts, currency: own }]
  }
  return [...told].map(([currency, { sum, priced: pricedThere }], i) => {
    const counts = { ...noCounts(), ...(i === 0 ? { units, unpriced: units - priced } : {}) }
    const bound = currency === own ? boundOf(price, sum, pricedThere) : undefined
    return { usage, counts: { ...counts, ...(bound ?? { shared: sum }) }, currency }
  })
}

function boundOf(
  { amountMicros = 0, floorMicros, capMicros }: ContractBody['price'],
  sum: bigint,
  priced: bigint,
): Partial<Counts> | undefined {
  const share = sum * BigInt(amountMicros)
  if (floorMicros !== undefined && share < BigInt(floorMicros) * priced * MILLION)
    return { floored: priced }
  if (capMicros !== undefined && share > BigInt(capMicros) * priced * MILLION)
    return { capped: priced }
  return undefined
}
