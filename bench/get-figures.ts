import { atLeast, type Figure, told } from './figures.ts'
import { type GetWire, getWires } from './get-wires.ts'
import type { Ours } from './ours.ts'
import { startPeer } from './processes.ts'
import { median, playRounds } from './rounds.ts'
import type { WireRounds } from './wire-figures.ts'

/** The wires asked by GET beside uWebSockets.js answering the same requests with as many bytes. */
export async function getFigures(
  ours: Ours,
  requests: readonly Buffer[],
  how: WireRounds,
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const wire of await getWires(ours, requests)) figures.push(...(await figuresOf(wire, how)))
  return figures
}

async function figuresOf(
  { name, contender, paths }: GetWire,
  { say, rounds, seconds }: WireRounds,
): Promise<Figure[]> {
  say(`  ${rounds} rounds of ${name}`)
  const answer = await (await fetch(contender.url + paths[1]!, contender)).text()
  if (answer.length < 50) throw new Error(`${name} gives nothing: ${answer}`)
  const floor = await startPeer('get-floor', [String(answer.length)])
  try {
    const beside = { ...contender, name: 'floor', url: new URL(floor.url).origin, cpuS: floor.cpuS }
    const load = { rounds, by: 'autocannon', seconds, connections: 16 } as const
    const played = await playRounds([contender, beside], paths, load)
    const ratio = median(played, (round) => round['floor']!.cpuUs / round['ours']!.cpuUs)
    const us = median(played, (round) => round['ours']!.cpuUs)
    return [
      told(`${name}, server CPU a request`, us, ' µs'),
      atLeast(`${name} ÷ floor, by server CPU a request`, 0.45, ratio),
    ]
  } finally {
    await floor.stop()
  }
}
