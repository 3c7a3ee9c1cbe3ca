import { afterAll, beforeAll, expect, test } from 'vitest'
import { CAP_OVERSHOOT_MS } from '../../exchange/cap.ts'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'
import { makeSale, SALE } from './sale.ts'

// A contract that runs into its cap, through every process of the product.

const CAP = 900
const SEGMENTS = ['cars', 'boats', 'bikes']
const CONTRACT = { ...SALE, segments: SEGMENTS, billOn: 'delivered' }

let product: Product
let key: string

beforeAll(async () => {
  product = await startProduct({ env: { PASSERELLE_WORKERS: '2' } })
  const segments = Object.fromEntries(SEGMENTS.map((id) => [id, 'dmp']))
  key = await makeSale(product, { segments, people: { u1: SEGMENTS } })
}, 240_000)
afterAll(() => product?.stop())

const capped = (caps: object[]) =>
  product.must('PUT', '/api/contracts/c', { body: { ...CONTRACT, caps } })

/** When each unit came. */
const unitsMs: number[] = []

/** Units of one answer; none where a busy machine answers 429. */
async function ask(): Promise<number> {
  const body = '{"id":"1","imp":[{"id":"1"}],"user":{"buyeruid":"u1"}}'
  const { status, text } = await product.enrich(key, body)
  if (status !== 200) return 0
  const data: Answered[] = (JSON.parse(text) as Answered).user.data ?? []
  const units = data.flatMap(({ segment }) => segment).length
  for (let i = 0; i < units; i++) unitsMs.push(performance.now())
  return units
}

async function counted(): Promise<{ units: number; micros: number }> {
  const { items } = await product.must('GET', '/api/usage?contract=c')
  const sum = (field: string) => items.reduce((all: number, one: Answered) => all + one[field], 0)
  return { units: sum('units'), micros: sum('amountMicros') }
}

/** Four clients ask until nothing has been given for a while. */
async function useUp(): Promise<void> {
  const client = async () => {
    while (performance.now() - unitsMs.at(-1)! < 2 * CAP_OVERSHOOT_MS) await ask()
  }
  await Promise.all([client(), client(), client(), client()])
}

const isGiven = () => patiently(async () => expect(await ask()).toBe(3))

test('stops within a second of its last unit, is billed all it gave, and goes on when the cap is raised', async () => {
  const shown = await capped([{ units: CAP, per: 'contract' }])
  expect(shown.capsOvershootMs).toBe(CAP_OVERSHOOT_MS)
  await isGiven()
  await useUp()
  const given = unitsMs.length
  expect(given).toBeGreaterThanOrEqual(CAP)
  const overshootMs = unitsMs.at(-1)! - unitsMs[CAP - 1]!
  console.info(`${given} units, the last ${Math.round(overshootMs)} ms after the cap of ${CAP}`)
  expect(overshootMs).toBeLessThanOrEqual(CAP_OVERSHOOT_MS)
  await patiently(async () => expect((await counted()).units).toBe(given))
  const terms = await product.must('GET', '/api/contracts/c/entitlements')
  expect(terms.dormant).toEqual(['cap_reached'])

  await capped([{ units: 1_000_000, per: 'contract' }])
  await isGiven()
  await capped([{ spendMicros: 1_000, per: 'day' }])
  await patiently(async () => expect(await ask()).toBe(0))
  await capped([])
  await isGiven()
}, 120_000)
