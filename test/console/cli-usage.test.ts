import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cli } from './cli-support.ts'
import { ConsoleWorld, contractBody, fill } from './world.ts'

let world: ConsoleWorld
let cli: Cli
let dir: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  world.clock.aheadMs = Date.UTC(2026, 9, 20) - world.clock.now()
  await fill(world)
  cli = new Cli(world)
  dir = await mkdtemp(join(tmpdir(), 'cli-usage-'))
  const lines = ['2026-11-02', '2026-11-03'].map((day) => ({
    contract: 'autumn',
    version: 1,
    segment: 'cars',
    day,
    units: 1_000,
  }))
  await world.ship([{ kind: 'delivered', fromMs: 0, toMs: 0, lines }])
  world.clock.aheadMs += Date.UTC(2026, 11, 8) - world.clock.now()
})
afterAll(async () => {
  await world.close()
  await rm(dir, { recursive: true, force: true })
})

/** What a command printed; fails the test where it did not end well. */
async function run(command: string | string[]): Promise<string> {
  const { code, out, err } = await cli.run(command)
  if (code !== 0) throw new Error(`${command}: ${code} ${err}`)
  return out
}

async function file(name: string, content: string): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

describe('the command line', () => {
  test('prints usage, as lines or as a table', async () => {
    const lines = (await run('usage --contract autumn --from 2026-11-01')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).day)).toEqual(['2026-11-02', '2026-11-03'])
    const table = await run('usage --to 2026-11-02 --from 2026-11-01 --csv')
    expect(table.split('\r\n')[1]).toMatch(
      /^2026-11-02,autumn,1,cars,dsp,dmp,,gateway,1000,500000,EUR/,
    )
  })

  test('says what a contract, made or not, would have cost', async () => {
    const there = JSON.parse(await run('contract preview autumn'))
    expect(there.totals[0].amountMicros).toBe(1_000_000)
    const terms = contractBody({ price: { kind: 'cpm', amountMicros: 1_000_000, currency: 'USD' } })
    const path = await file('terms.json', JSON.stringify(terms))
    const days = ['--from', '2026-11-02', '--to', '2026-11-02']
    const other = JSON.parse(await run(['contract', 'preview', 'draft', path, ...days]))
    expect(other.totals).toMatchObject([{ amountMicros: 1_000_000, currency: 'USD' }])
  })

  test('sends a buyer’s own count, and holds it beside ours', async () => {
    const head = 'id,contract,segment,day,units\n'
    const path = await file(
      'own.csv',
      `${head}a,autumn,cars,2026-11-02,990\nb,autumn,cars,2026-11-03,x\n`,
    )
    const { code, out, err } = await cli.run(['usage', 'report', path])
    expect([code, out]).toEqual([1, 'accepted 1, rejected 1\n'])
    expect(err).toContain('line 3: value_not_supported')
    await world.ship(world.ledger.splice(0))
    const line = JSON.parse(await run('statement reconcile 2026-11 autumn'))
    expect(line).toMatchObject({ ours: 2_000, theirs: 990, agreement: 'over_5_percent' })
    const table = await run('statement reconcile 2026-11 autumn --by day --csv')
    expect(table).toContain('cars,2026-11-02,1000,990,-10,within_1_percent')
  })

  test('closes, adjusts, disputes and settles a statement', async () => {
    const pair = '--seller dmp --buyer dsp'
    expect(JSON.parse(await run(`statement close 2026-11 ${pair} --now`)).items[0].status).toBe(
      'closed',
    )
    const credit = 'statement adjust 2026-11 c-1 --contract autumn --currency EUR --reason error'
    expect(JSON.parse(await run(`${credit} --amount-micros=-5`)).amountMicros).toBe(-5)
    expect((await cli.run(`${credit} --amount-micros 0.5`)).code).toBe(1)
    expect(JSON.parse(await run(`statement dispute 2026-11 ${pair} --reason no`)).status).toBe(
      'disputed',
    )
    const settled = await run(`statement settle 2026-11 ${pair} --settlement paid`)
    expect(JSON.parse(settled).status).toBe('settled')
    const whole = JSON.parse(await run('statement get 2026-11 --partner dsp --as buyer'))
    expect(whole.totals[0].amountMicros).toBe(1_000_000 - 5)
    const table = await run(`statement get 2026-11 ${pair} --csv`)
    expect(table.trim().split('\r\n')).toHaveLength(3)
    expect((await cli.run('statement dispute 2026-11')).code).toBe(2)
  })
})
