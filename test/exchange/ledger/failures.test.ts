import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import { LIMITS } from '../../../exchange/ledger/limits.ts'
import { NotAppended } from '../../../exchange/ledger/not-appended.ts'
import { type Ledger, openLedger } from '../../../exchange/ledger/open-ledger.ts'
import { verifyLedger } from '../../../exchange/ledger/verify-ledger.ts'
import { FailingFiles } from './failing-files.ts'
import { delivered, type LedgerWorld, ledgerWorlds } from './ledger-world.ts'

// Every file operation of a ledger's life fails once, and fails for good, at each place there is.

const open = ledgerWorlds()
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What became of each record, by its units: a power of two each. */
interface Outcome {
  acked: number
  /** Neither acknowledged nor certainly not there. */
  kept: number
  refused: number
}

/** Nine records in three bursts on two days, each given again until it is taken, as the meter does. */
async function life(world: LedgerWorld, ledger: Ledger, attempts: number): Promise<Outcome> {
  const outcome: Outcome = { acked: 0, kept: 0, refused: 0 }
  let bit = 0
  for (const burst of [1, 5, 3]) {
    if (burst === 3) world.clock.wind(DAY_MS)
    const units = Array.from({ length: burst }, () => 2 ** bit++)
    await Promise.all(units.map((one) => give(ledger, { units: one, attempts, outcome })))
  }
  return outcome
}

async function give(
  ledger: Ledger,
  { units, attempts, outcome }: { units: number; attempts: number; outcome: Outcome },
): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      await ledger.append(delivered(units))
      outcome.acked += units
      return
    } catch (error) {
      expect(error).toBeInstanceOf(NotAppended)
      if ((error as NotAppended).isKept) {
        outcome.kept += units
        return
      }
      if (attempt < attempts) await wellAgain(ledger)
    }
  }
  outcome.refused += units
}

/** Winds the ledger's own retries on until one succeeds. */
async function wellAgain(ledger: Ledger): Promise<void> {
  while (ledger.findings().length > 0) await nextRetry()
}

async function nextRetry(): Promise<void> {
  await vi.advanceTimersByTimeAsync(LIMITS.retryEveryMs)
  await new Promise((resolve) => setImmediate(resolve))
}

async function isWhole(world: LedgerWorld): Promise<void> {
  for await (const { stream, damage } of verifyLedger(world.dir))
    expect(damage, stream).toBeUndefined()
}

async function countedUnits(world: LedgerWorld): Promise<number> {
  return (await world.counted())['s'] ?? 0
}

/** Calls of a life in which nothing fails. */
async function callsOfALife(): Promise<number> {
  const world = await open()
  const files = new FailingFiles({ fails: () => undefined })
  const { dir, clock, log } = world
  const ledger = await openLedger({ dir, process: 'bid 1', clock, log, files })
  expect(await life(world, ledger, 1)).toEqual({ acked: 511, kept: 0, refused: 0 })
  await ledger.close()
  return files.calls
}

describe('a ledger whose file operations fail', () => {
  for (const [code, share] of [
    ['EIO', 0],
    ['ENOSPC', 0.6],
  ] as const)
    test(`once, at each of them (${code}): counts every record once, and tells no untruth`, async () => {
      const calls = await callsOfALife()
      expect(calls).toBeGreaterThan(12)
      for (let call = 1; call <= calls; call++) {
        const world = await open()
        const files = new FailingFiles({ fails: (n) => (n === call ? code : undefined), share })
        const { dir, clock, log } = world
        const ledger = await openLedger({ dir, process: 'bid 1', clock, log, files })
        const shipper = await world.shipper()
        const looking = setInterval(() => void shipper.poke(), 1)
        const outcome = await life(world, ledger, 3)
        await ledger.close()
        clearInterval(looking)
        await shipper.poke()
        expect(outcome.refused, `call ${call}`).toBe(0)
        expect(outcome.acked + outcome.kept, `call ${call}`).toBe(511)
        expect(await countedUnits(world), `call ${call}`).toBe(511)
        await isWhole(world)
        await world.close()
      }
    }, 60_000)

  test('from each of them on, as when the process is killed there: what was acknowledged is there', async () => {
    const calls = await callsOfALife()
    for (let call = 1; call <= calls; call++)
      for (const share of [0, 0.4, 1]) {
        const world = await open()
        const files = new FailingFiles({ fails: (n) => (n >= call ? 'EIO' : undefined), share })
        const { dir, clock, log } = world
        const ledger = await openLedger({ dir, process: 'bid 1', clock, log, files })
        const { acked, kept, refused } = await life(world, ledger, 1)
        await ledger.close()
        expect(acked + kept + refused).toBe(511)
        const next = await world.ledger('bid 1')
        await next.append(delivered(512))
        const shipper = await world.shipper()
        await shipper.poke()
        const counted = await countedUnits(world)
        const where = `call ${call}, share ${share}`
        expect(counted & acked, where).toBe(acked)
        expect(counted & refused, where).toBe(0)
        expect(counted & 512, where).toBe(512)
        await isWhole(world)
        await world.close()
      }
  }, 60_000)

  test('starts where its directory cannot be made, and works once it can', async () => {
    const world = await open()
    const { clock, log } = world
    const dir = join(world.dir, 'taken')
    await writeFile(dir, 'a file where the directory should be')
    const ledger = await openLedger({ dir, process: 'bid 1', clock, log })
    expect(ledger.findings()).toMatchObject([{ finding: 'ledger' }])
    await expect(ledger.append(delivered(1))).rejects.toMatchObject({ reason: 'broken' })
    await rm(dir)
    await wellAgain(ledger)
    await ledger.append(delivered(2))
    await ledger.close()
  })

  test('stays behind while nothing can be written, and says so, without filling the disk or the log', async () => {
    let isBroken = true
    const world = await open()
    const files = new FailingFiles({ fails: () => (isBroken ? 'EROFS' : undefined) })
    const { dir, clock, log } = world
    const ledger = await openLedger({ dir, process: 'bid 1', clock, log, files })
    await expect(ledger.append(delivered(1))).rejects.toMatchObject({ isKept: false })
    for (let second = 0; second < 30; second++) {
      clock.wind(LIMITS.retryEveryMs)
      await nextRetry()
    }
    expect(ledger.isBehind()).toBe(true)
    expect(ledger.findings()[0]!.advice).toContain('EROFS')
    expect(world.said).toEqual(['the ledger cannot be written'])
    expect(await world.streams()).toEqual([])
    isBroken = false
    await wellAgain(ledger)
    expect(ledger.isBehind()).toBe(false)
    await ledger.append(delivered(2))
    expect(world.said).toEqual(['the ledger cannot be written', 'the ledger can be written again'])
    await ledger.close()
  })
})
