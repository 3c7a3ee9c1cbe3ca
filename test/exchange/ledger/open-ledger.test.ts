import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { chainStart } from '../../../exchange/ledger/chain-line.ts'
import { LIMITS } from '../../../exchange/ledger/limits.ts'
import { NotAppended } from '../../../exchange/ledger/not-appended.ts'
import { type Ledger, openLedger } from '../../../exchange/ledger/open-ledger.ts'
import { readChain } from '../../../exchange/ledger/read-chain.ts'
import { STREAM_SUFFIX } from '../../../exchange/ledger/stream-name.ts'
import type { DeliveredRecord } from '../../../exchange/usage/ledger-record.ts'
import { WoundClock } from '../../support/memory-store.ts'
import { patiently } from '../../support/patiently.ts'
import { FailingFiles } from './failing-files.ts'

let dir: string
const clock = new WoundClock()
const log = { error: () => {}, info: () => {} }
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ledger-'))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(dir, { recursive: true, force: true })
})

function delivered(units: number): DeliveredRecord {
  const line = { contract: 'c', version: 1, segment: 's', day: '2026-11-26', units }
  return { kind: 'delivered', fromMs: 1, toMs: 2, lines: [line] }
}

/** Units of every record in every stream, in order; rejects where a chain does not hold. */
async function ledgered(): Promise<number[]> {
  const units: number[] = []
  for (const name of (await readdir(dir)).sort()) {
    const start = chainStart(name.slice(0, -STREAM_SUFFIX.length))
    const part = readChain(await readFile(join(dir, name)), { ...start, offset: 0 })
    expect(part.damage).toBeUndefined()
    for (const { record } of part.lines) units.push((record as DeliveredRecord).lines[0]!.units)
  }
  return units
}

describe('the ledger of a process', () => {
  let ledger: Ledger
  afterEach(() => ledger.close())

  test('holds what was appended, in order, once append resolved', async () => {
    ledger = await openLedger({ dir, process: 'bid 1', clock, log })
    expect(await readdir(dir)).toEqual([])
    await Promise.all([1, 2, 3].map((n) => ledger.append(delivered(n))))
    expect(await ledgered()).toEqual([1, 2, 3])
    await ledger.append(delivered(4))
    expect(await ledgered()).toEqual([1, 2, 3, 4])
    expect(ledger.counts()).toEqual({ appended: 4, failed: 0 })
    expect(await readdir(dir)).toMatchObject([/^bid-1-20241004T000000000Z-[0-9a-f]{12}\.ndjson$/])
  })

  test('goes on in a new stream on a new day', async () => {
    ledger = await openLedger({ dir, process: 'bid 1', clock, log })
    await ledger.append(delivered(1))
    clock.wind(86_400_000)
    await ledger.append(delivered(2))
    expect(await readdir(dir)).toHaveLength(2)
    expect(await ledgered()).toEqual([1, 2])
  })

  test('says at once that a full disk took nothing, and writes by itself what it had begun', async () => {
    let isFull = false
    const files = new FailingFiles({ fails: () => (isFull ? 'ENOSPC' : undefined), share: 0.5 })
    ledger = await openLedger({ dir, process: 'bid 1', clock, log, files })
    await ledger.append(delivered(1))
    isFull = true
    const begun = ledger.append(delivered(2))
    await expect(begun).rejects.toMatchObject({ reason: 'write_failed', isKept: true })
    const next = ledger.append(delivered(3))
    await expect(next).rejects.toBeInstanceOf(NotAppended)
    await expect(next).rejects.toMatchObject({ reason: 'broken', isKept: false })
    expect(await ledgered()).toEqual([1])
    expect(ledger.findings()).toMatchObject([{ finding: 'ledger' }])
    expect(ledger.isBehind()).toBe(false)
    clock.wind(LIMITS.behindMs)
    expect(ledger.isBehind()).toBe(true)
    isFull = false
    vi.advanceTimersByTime(LIMITS.retryEveryMs)
    await patiently(() => expect(ledger.isBehind()).toBe(false))
    await ledger.append(delivered(4))
    expect(await ledgered()).toEqual([1, 2, 4])
    expect(ledger.findings()).toEqual([])
  })
})
