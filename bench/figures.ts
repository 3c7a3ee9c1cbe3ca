import type { Round } from './rounds.ts'
import { median } from './rounds.ts'

/** One promise of the bench: what was measured, beside what it must reach. */
export interface Figure {
  what: string
  goal: string
  measured: string
  holds: boolean
}

export const atLeast = (what: string, goal: number, value: number, unit = '×'): Figure => ({
  what,
  goal: `≥ ${goal}${unit}`,
  measured: `${value.toFixed(2)}${unit}`,
  holds: value >= goal,
})

export const atMost = (what: string, goal: number, value: number, unit = ''): Figure => ({
  what,
  goal: `≤ ${goal}${unit}`,
  measured: `${value.toFixed(2)}${unit}`,
  holds: value <= goal,
})

/** A figure without a goal, so that the one beside it is understood. */
export const told = (what: string, value: number, unit: string): Figure => ({
  what,
  goal: '–',
  measured: `${value.toFixed(2)}${unit}`,
  holds: true,
})

/** The three ratios of server CPU a request, medians of per-round ratios. */
export function cpuFigures(rounds: readonly Round[], by: string): Figure[] {
  const us = (round: Round, name: string) => round[name]?.cpuUs ?? Number.NaN
  const added = median(
    rounds,
    (r) => (us(r, 'ours') - us(r, 'floor')) / (us(r, 'parse') - us(r, 'floor')),
  )
  const figures = [
    atMost(`CPU that ours adds to the floor ÷ CPU that parse adds (${by})`, 0.5, added),
    atLeast(
      `ours ÷ parse, by server CPU a request (${by})`,
      1.8,
      median(rounds, (r) => us(r, 'parse') / us(r, 'ours')),
    ),
  ]
  if (rounds[0]?.['stack'])
    figures.push(
      atLeast(
        `ours ÷ stack, by server CPU a request (${by})`,
        2.5,
        median(rounds, (r) => us(r, 'stack') / us(r, 'ours')),
      ),
    )
  return figures
}

/** A line per contender: medians over the rounds. */
export function contenderTable(rounds: readonly Round[]): string[] {
  const rows = Object.keys(rounds[0] ?? {}).map((name) => {
    const mid = (of: 'cpuUs' | 'rate' | 'p50Ms' | 'p99Ms' | 'bytes') =>
      median(rounds, (round) => round[name]?.[of] ?? Number.NaN)
    return `| ${name} | ${mid('cpuUs').toFixed(1)} | ${Math.round(mid('rate')).toLocaleString('en')} | ${mid('p50Ms').toFixed(1)} · ${mid('p99Ms').toFixed(1)} | ${Math.round(mid('bytes'))} |`
  })
  return [
    '| contender | server CPU a request, µs | requests/s (wall) | p50 · p99 at saturation, ms | bytes an answer |',
    '|---|---|---|---|---|',
    ...rows,
  ]
}

export function figureTable(figures: readonly Figure[]): string[] {
  return [
    '| what | goal | measured |',
    '|---|---|---|',
    ...figures.map(
      (one) => `| ${one.what} | ${one.goal} | ${one.measured}${one.holds ? '' : ' **short**'} |`,
    ),
  ]
}
