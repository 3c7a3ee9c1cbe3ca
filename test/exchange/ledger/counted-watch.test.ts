import { expect, test } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import { CountedWatch } from '../../../exchange/ledger/counted-watch.ts'
import { LIMITS } from '../../../exchange/ledger/limits.ts'
import type { Ledger } from '../../../exchange/ledger/open-ledger.ts'
import type { LedgerShipper } from '../../../exchange/ledger/ship-ledger.ts'
import { delivered, type LedgerWorld, ledgerWorlds } from './ledger-world.ts'

// Whether a bid process gives what is capped hangs on this, where its desk is gone or cannot count.

const open = ledgerWorlds()

function watching({ dir, clock, behind }: LedgerWorld, ledger: Ledger): CountedWatch {
  const watch = new CountedWatch({ dir, ledger, clock, everyMs: 3_600_000 })
  behind.call(world, () => watch.close())
  return watch
}

let world: LedgerWorld

/** The desk counts, and notes how far: it does so every few seconds. */
async function count(shipper: LedgerShipper): Promise<void> {
  await shipper.poke()
  world.clock.wind(LIMITS.compareEveryMs)
  await shipper.poke()
}

test('what nobody counts is late after a minute, and not before; then until it is counted', async () => {
  world = await open()
  const ledger = await world.ledger()
  const watch = watching(world, ledger)
  const isCounted = async () => {
    await watch.poke()
    return watch.isCounted()
  }
  expect(await isCounted()).toBe(true)
  await ledger.append(delivered(1))
  expect(await isCounted()).toBe(true)
  world.clock.wind(LIMITS.uncountedMs - 1)
  await ledger.append(delivered(1))
  expect(await isCounted()).toBe(true)
  expect(watch.findings()).toEqual([])
  world.clock.wind(1)
  expect(await isCounted()).toBe(false)
  expect(watch.findings()).toMatchObject([{ finding: 'ledger_uncounted' }])
  await count(await world.shipper())
  expect(await isCounted()).toBe(true)
  expect(watch.findings()).toEqual([])
})

test('a desk that counts is not late, however long there is something to count, over days and streams', async () => {
  world = await open()
  const ledger = await world.ledger()
  const shipper = await world.shipper()
  const watch = watching(world, ledger)
  for (let round = 0; round < 30; round++) {
    await ledger.append(delivered(1))
    await count(shipper)
    // Nobody has counted this one yet.
    await ledger.append(delivered(1))
    await watch.poke()
    expect(watch.isCounted()).toBe(true)
    world.clock.wind(round % 10 === 0 ? DAY_MS : LIMITS.uncountedMs / 2)
  }
})

test('one that stops counting while much is written is found out', async () => {
  world = await open()
  const ledger = await world.ledger()
  const shipper = await world.shipper()
  const watch = watching(world, ledger)
  await ledger.append(delivered(1))
  await count(shipper)
  let waitedMs = 0
  while (watch.isCounted()) {
    await ledger.append(delivered(1))
    await watch.poke()
    world.clock.wind(5_000)
    waitedMs += 5_000
  }
  expect(waitedMs).toBeLessThanOrEqual(LIMITS.uncountedMs + 10_000)
})
