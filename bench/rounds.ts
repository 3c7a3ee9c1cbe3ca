import { type Burst, cannon, type LoadOptions, type Request, wrk } from './load.ts'
import type { Contender } from './processes.ts'

/** One round: every contender once, one after the other, under the same load. */
export type Round = Record<string, Burst>

export interface RoundsOptions extends LoadOptions {
  rounds: number
  by: 'autocannon' | 'wrk'
  onRound?: (round: number, of: number) => void
}

/** Interleaved rounds after one unmeasured burst each, begun by another in turn: the machine's moods hit all contenders alike. */
export async function playRounds(
  contenders: readonly Contender[],
  requests: readonly Request[],
  { rounds, by, onRound, ...load }: RoundsOptions,
): Promise<Round[]> {
  const burst = by === 'wrk' ? wrk : cannon
  for (const contender of contenders) await burst(contender, requests, { ...load, seconds: 2 })
  const played: Round[] = []
  for (let i = 0; i < rounds; i++) {
    const round: Round = {}
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(i + turn) % contenders.length]!
      await contender.rest?.()
      round[contender.name] = await burst(contender, requests, load)
    }
    played.push(round)
    onRound?.(i + 1, rounds)
  }
  return played
}

/** The median over rounds of one figure of a round: a ratio is taken within its round. */
export function median(rounds: readonly Round[], figure: (round: Round) => number): number {
  const sorted = rounds.map(figure).sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
