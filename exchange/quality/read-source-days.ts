import { DAY_MS } from '../../audience/clock.ts'
import type { TallyStore } from '../../audience/store/store.ts'
import { dayIn, momentOf } from '../moment.ts'
import { QUALITY_LIMITS } from './limits.ts'
import {
  type CountedSource,
  QUALITY_PREFIX,
  readSourceField,
  SOURCE_MEASURE_NAMES,
  type SourceMeasure,
} from './measures.ts'

/** What came from one source in a stretch of UTC days. */
export interface SourceDays {
  sum: Record<SourceMeasure, number>
  /** Days with a valid message, and days from the first of these to the last of the stretch. */
  active: number
  since: number
  /** Valid messages of the last whole day, and the mean of the QUALITY_LIMITS.baselineDays before it. */
  lastDay: number
  usual: number
  /** The last day with a valid message. */
  lastOn: string | null
}

interface Stretch {
  from: string
  to: string
  nowMs: number
}

/** Reads what is counted of sources. Days before the stretch are read only for how much usually comes. */
export async function readSourceDays(
  tallies: TallyStore,
  stretch: Stretch,
): Promise<(source: CountedSource) => SourceDays> {
  const byName = new Map<string, Map<string, Partial<Record<SourceMeasure, number>>>>()
  const isWanted = (field: string) => field.startsWith(QUALITY_PREFIX)
  const earliest = dayBefore(stretch.from, QUALITY_LIMITS.baselineDays + 1)
  for await (const { day, field, value } of tallies.read(earliest, stretch.to, isWanted)) {
    const read = readSourceField(field)
    if (!read) continue
    const days = mapIn(byName, nameOf(read), () => new Map())
    mapIn(days, day, () => ({}))[read.measure] = Number(value)
  }
  return (source) => daysOf(byName.get(nameOf(source)) ?? new Map(), stretch)
}

function daysOf(
  days: ReadonlyMap<string, Partial<Record<SourceMeasure, number>>>,
  { from, to, nowMs }: Stretch,
): SourceDays {
  const sum = Object.fromEntries(SOURCE_MEASURE_NAMES.map((name) => [name, 0])) as SourceDays['sum']
  for (const [day, tally] of days)
    if (day >= from) for (const name of SOURCE_MEASURE_NAMES) sum[name] += tally[name] ?? 0
  const valid = (day: string) => days.get(day)?.valid ?? 0
  const active = [...days.keys()].filter((day) => day >= from && valid(day) > 0).sort()
  const today = dayIn(nowMs)
  const lastWhole = to < today ? to : dayBefore(today, 1)
  const before = Array.from({ length: QUALITY_LIMITS.baselineDays }, (_, i) =>
    valid(dayBefore(lastWhole, i + 1)),
  )
  // Days before it first sent anything are not usual ones.
  const begun = before.findLastIndex((count) => count > 0) + 1
  const usual = begun === 0 ? 0 : before.reduce((a, b) => a + b, 0) / begun
  return {
    ...{ sum, active: active.length, lastDay: valid(lastWhole), usual: Math.round(usual) },
    since: active.length === 0 ? 0 : daysBetween(active[0]!, to < today ? to : today) + 1,
    lastOn: active.at(-1) ?? null,
  }
}

function nameOf({ owner, id }: CountedSource): string {
  return `${owner}|${id}`
}

function dayBefore(day: string, days: number): string {
  return dayIn(momentOf(day) - days * DAY_MS)
}

function daysBetween(from: string, to: string): number {
  return Math.round((momentOf(to) - momentOf(from)) / DAY_MS)
}

function mapIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}
