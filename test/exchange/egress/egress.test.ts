import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DAY_MS, dayOf } from '../../../audience/clock.ts'
import { KEY_WORDS, keyOf } from '../../../audience/people/user-key.ts'
import { applyEgress } from '../../../exchange/egress/apply-egress.ts'
import {
  type EgressBatch,
  EgressMeter,
  egressMark,
  ROW_WORDS,
} from '../../../exchange/egress/egress-meter.ts'
import { EgressSpool } from '../../../exchange/egress/egress-spool.ts'
import { EGRESS_LIMITS } from '../../../exchange/egress/limits.ts'
import { MemoryPeople, WoundClock } from '../../support/memory-store.ts'
import { seeded } from '../../support/random.ts'

let clock: WoundClock
let dir: string
let meter: EgressMeter | undefined
beforeEach(() => {
  clock = new WoundClock()
  dir = mkdtempSync(join(tmpdir(), 'egress-'))
})
afterEach(async () => {
  await meter?.close()
  meter = undefined
  rmSync(dir, { recursive: true, force: true })
})

/** Keys as a bid request carries them. */
function keysOf(...people: number[]): Uint32Array {
  return Uint32Array.from(people.flatMap((person) => [person, person * 7, 3, 4]))
}

function rowsIn(batches: readonly EgressBatch[]): string[] {
  const rows: string[] = []
  for (const { day, sets, rows: words } of batches)
    for (let at = 0; at < words.length; at += ROW_WORDS)
      rows.push(`${day} ${words[at]} ${words[at + 4]} ${sets[words[at + 5]!]!.join('+')}`)
  return rows
}

/** A sink that keeps what it is given, or fails as long as it is told to. */
function openMeter() {
  const batches: EgressBatch[] = []
  const disk = { isFull: false }
  meter = new EgressMeter(
    {
      async append(batch) {
        if (disk.isFull) throw new Error('no space')
        batches.push(batch)
      },
    },
    clock,
  )
  return { meter, batches, disk }
}

test('each person, recipient and set is noted once a day', async () => {
  const { meter, batches } = openMeter()
  const [one, two] = [egressMark([2, 1]), egressMark([1, 2])]
  const keys = keysOf(10, 11)
  for (let times = 0; times < 3; times++) {
    meter.note(keys, 0, 5, one)
    meter.note(keys, 0, 5, two)
    meter.note(keys, KEY_WORDS, 5, one)
    meter.note(keys, 0, 6, one)
    meter.note(keys, 0, 5, egressMark([9]))
    await meter.flush()
  }
  const day = dayOf(clock.now())
  expect(rowsIn(batches)).toEqual([
    `${day} 10 5 1+2`,
    `${day} 11 5 1+2`,
    `${day} 10 6 1+2`,
    `${day} 10 5 9`,
  ])
  clock.wind(DAY_MS)
  await meter.flush()
  meter.note(keys, 0, 5, one)
  await meter.flush()
  expect(rowsIn(batches).slice(4)).toEqual([`${day + 1} 10 5 1+2`])
})

test('a full table writes sooner and forgets nothing (seed 5)', async () => {
  const { meter, batches } = openMeter()
  const random = seeded(5)
  const marks = Array.from({ length: 50 }, (_, n) => egressMark([n, n + 1]))
  const expected = new Set<string>()
  const day = dayOf(clock.now())
  for (let i = 0; i < EGRESS_LIMITS.batchRowsMax * 5; i++) {
    const person = Math.floor(random() * 1_000_000)
    const set = Math.floor(random() * marks.length)
    meter.note(keysOf(person), 0, 5, marks[set]!)
    expected.add(`${day} ${person} 5 ${set}+${set + 1}`)
    if (!meter.isOpen()) await meter.flush()
  }
  await meter.flush()
  expect(new Set(rowsIn(batches))).toEqual(expected)
})

test('while nothing can be written it closes before it would forget, and opens again after', async () => {
  const { meter, batches, disk } = openMeter()
  disk.isFull = true
  const mark = egressMark([1])
  let noted = 0
  for (; meter.isOpen(); noted++) {
    meter.note(keysOf(noted), 0, 5, mark)
    if (noted % EGRESS_LIMITS.batchRowsMax === 0) await meter.flush()
  }
  disk.isFull = false
  await meter.flush()
  expect(meter.isOpen()).toBe(true)
  expect(new Set(rowsIn(batches)).size).toBe(noted)
})

test('what a process spooled comes under the people it is about, once, and the file goes', async () => {
  const people = new MemoryPeople(clock)
  const errors: string[] = []
  const log = { error: (_details: object, message: string) => void errors.push(message) }
  meter = new EgressMeter(await EgressSpool.open(dir, 'bid 1', clock), clock)
  const keys = keysOf(20, 21)
  meter.note(keys, 0, 5, egressMark([3, 1]))
  meter.note(keys, KEY_WORDS, 5, egressMark([1]))
  await meter.flush()
  meter.note(keys, 0, 5, egressMark([8]))
  await meter.flush()
  writeFileSync(join(dir, '0-broken.egress'), 'not what is written here')
  const applier = applyEgress({ dir, people, clock, log })
  await applier.poke()
  await applier.close()
  const day = dayOf(clock.now())
  const entry = { recipient: 5, channel: 0, reference: '', firstDay: day, lastDay: day }
  const stored = await people.egressOf([keyOf(keys, 0), keyOf(keys, KEY_WORDS)])
  expect(stored).toEqual([[{ ...entry, segments: [1, 3, 8] }], [{ ...entry, segments: [1] }]])
  expect(readdirSync(dir)).toEqual(['0-broken.egress.unreadable'])
  expect(errors).toHaveLength(1)
})

test('what a killed process left half written goes when it starts again; that of others stays', async () => {
  writeFileSync(join(dir, '1-bid_1-0.tmp'), '{')
  writeFileSync(join(dir, '1-bid_2-0.tmp'), '{')
  await EgressSpool.open(dir, 'bid 1', clock)
  expect(readdirSync(dir)).toEqual(['1-bid_2-0.tmp'])
})
