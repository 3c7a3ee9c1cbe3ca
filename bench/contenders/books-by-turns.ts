import { KEY_WORDS } from '../../audience/people/user-key.ts'
import type { EgressMark, EgressMeter } from '../../exchange/egress/egress-meter.ts'
import { EGRESS_LIMITS } from '../../exchange/egress/limits.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { Meter, MeterCell } from '../../exchange/usage/meter.ts'
import { COLD_EVERY } from '../workload.ts'
import type { Turns } from './turns.ts'

const FLUSHES = 40
const MIX = 0x9e3779b1

/** What writing down costs beside the requests: microseconds of CPU in a second. */
export interface BesideUs {
  usage: number
  egress: number
}

/** Counts and notes, while the turn wants it; and does again what was done for requests, to see what writing it costs. */
export class BooksByTurns {
  readonly #turns: Turns
  readonly #meter: Meter
  readonly #egress: EgressMeter
  readonly #stranger = new Uint32Array(KEY_WORDS)
  readonly #cells = new Set<MeterCell>()
  readonly #marks = new Set<EgressMark>()
  #isLearning = true
  #noted = 0

  constructor(turns: Turns, meter: Meter, egress: EgressMeter) {
    this.#turns = turns
    this.#meter = meter
    this.#egress = egress
  }

  count(cell: MeterCell): void {
    if (this.#isLearning) this.#cells.add(cell)
    this.#meter.count(cell)
  }

  isOpen(): boolean {
    return this.#turns.way === 'unnoted' || this.#egress.isOpen()
  }

  /** Every so-manieth as somebody who was not seen that day: as many as come of people that no cache holds. */
  note(keys: Uint32Array, at: number, recipient: number, mark: EgressMark): void {
    if (this.#turns.way === 'unnoted') return
    if (this.#isLearning) this.#marks.add(mark)
    if (++this.#noted % COLD_EVERY === 0) this.#noteStranger(keys, at, recipient, mark)
    else this.#egress.note(keys, at, recipient, mark)
  }

  /** With no load. `requests`: how many there would be in a second. */
  async besideUs(requests: number): Promise<BesideUs> {
    const keys = new Uint32Array(KEY_WORDS)
    const marks = [...this.#marks]
    const meterFlush = await flushUs(
      () => this.#meter.flush(),
      () => {
        for (const cell of this.#cells) this.#meter.count(cell)
      },
    )
    const egressFlush = await flushUs(
      () => this.#egress.flush(),
      () => {
        for (let i = 0; i < requests / COLD_EVERY; i++, this.#noted++)
          this.#noteStranger(keys, 0, 1, marks[i % marks.length]!)
      },
    )
    return {
      usage: (meterFlush * 1000) / LIMITS.meterFlushMs,
      egress: (egressFlush * 1000) / EGRESS_LIMITS.flushMs,
    }
  }

  /** What was learnt is enough: from here on requests cost what they cost. */
  endLearning(): void {
    this.#isLearning = false
    if (this.#cells.size === 0 || this.#marks.size === 0) throw new Error('nothing was counted')
  }

  #noteStranger(keys: Uint32Array, at: number, recipient: number, mark: EgressMark): void {
    const stranger = this.#stranger
    for (let i = 0; i < KEY_WORDS; i++)
      stranger[i] = Math.imul(keys[at + i]! ^ this.#noted, MIX + i)
    this.#egress.note(stranger, 0, recipient, mark)
  }
}

/** The median of some, since a timer may do part of the work before it is measured. */
async function flushUs(flush: () => Promise<void>, fill: () => void): Promise<number> {
  const us: number[] = []
  for (let i = 0; i < FLUSHES; i++) {
    await flush()
    fill()
    const before = process.cpuUsage()
    await flush()
    const { user, system } = process.cpuUsage(before)
    us.push(user + system)
  }
  return us.sort((a, b) => a - b)[FLUSHES >> 1]!
}
