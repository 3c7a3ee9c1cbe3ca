import { hash } from 'node:crypto'
import { DAY_MS } from '../clock.ts'
import { LIMITS } from './limits.ts'
import type { TallyAdd, TallyBatch, TallyEntry } from './store.ts'

/** What a batch of tallies comes to, for a store to carry out. */
export interface TallyPlan {
  /** Each counter once: plain adds may be done in any order. */
  adds: TallyAdd[]
  /** In the order of the batch. */
  once: OncePlan[]
}

export interface OncePlan {
  day: string
  /** 96 bits of the id's hash: 16 letters of base64url. */
  id: string
  rank: string
  /** Named like `id`. */
  among: { id: string; max: number } | undefined
  /** Wall time (ms) until which it must be remembered. */
  untilMs: number
  adds: readonly TallyAdd[]
}

const ID_LETTERS = 16
const RANK = /^[0-9a-f]{1,64}$/
const DAY = /^\d{4}-\d\d-\d\d$/

/** Sums a batch up, and checks its bounds (RangeError). */
export function planTallies(batch: TallyBatch, nowMs: number): TallyPlan {
  const sums = new Map<string, TallyAdd>()
  const once: OncePlan[] = []
  let count = 0
  for (const entry of batch.entries) {
    count += entry.adds.length
    for (const add of entry.adds) check(add)
    if (entry.once) once.push(planOnce(entry.once, entry.adds, nowMs))
    else for (const add of entry.adds) sum(sums, add)
  }
  if (count > LIMITS.tallyAddsMax) throw new RangeError(`tallies: over ${LIMITS.tallyAddsMax} adds`)
  return { adds: [...sums.values()], once }
}

function check({ day, field, by }: TallyAdd): void {
  if (!DAY.test(day)) throw new RangeError(`tallies: ${day} is no day`)
  if (Buffer.byteLength(field) > LIMITS.tallyFieldBytesMax)
    throw new RangeError('tallies: the name of a counter is too long')
  if (BigInt.asIntN(54, by) !== by) throw new RangeError(`tallies: ${by} is over 53 bits`)
}

function sum(sums: Map<string, TallyAdd>, { day, field, by }: TallyAdd): void {
  const name = `${day} ${field}`
  const known = sums.get(name)
  sums.set(name, { day, field, by: by + (known?.by ?? 0n) })
}

function planOnce(
  once: NonNullable<TallyEntry['once']>,
  adds: readonly TallyAdd[],
  nowMs: number,
): OncePlan {
  if (!RANK.test(once.rank)) throw new RangeError(`tallies: ${once.rank} is no rank`)
  const dayMs = Date.parse(`${once.day}T00:00:00Z`)
  if (!DAY.test(once.day) || Number.isNaN(dayMs))
    throw new RangeError(`tallies: ${once.day} is no day`)
  const { among } = once
  const untilMs = Math.max(dayMs + LIMITS.onceDays * DAY_MS, nowMs + LIMITS.onceKeptMs)
  const some = adds.filter(({ by }) => by !== 0n)
  return {
    day: once.day,
    id: nameOf(once.id),
    rank: once.rank,
    among: among && { id: nameOf(`among ${among.id}`), max: among.max },
    untilMs,
    adds: some,
  }
}

function nameOf(id: string): string {
  return hash('sha256', id, 'base64url').slice(0, ID_LETTERS)
}
