import { expect, test } from 'vitest'
import { LabelSizes } from '../../exchange/desk/label-sizes.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { WoundClock } from './world.ts'

/** Sizes over a store whose counts the test lets through. */
function sizes(holds: Record<number, number>) {
  const waiting: (() => void)[] = []
  const people = {
    async *holders(number: number) {
      await new Promise<void>((resolve) => waiting.push(resolve))
      yield Array.from({ length: holds[number]! }, () => Buffer.alloc(16))
    },
  }
  const segment = (id: string) => ({ number: Number(id) })
  const labels = new LabelSizes({ people, clock: new WoundClock(), segment } as never)
  return { labels, go: () => void waiting.shift()!() }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('sizes are told in steps: what is small stays untold', async () => {
  const { labels, go } = sizes({ 1: 249, 2: 250, 3: 1_120 })
  const told: (number | undefined)[] = []
  for (const id of ['1', '2', '3']) {
    const about = labels.about(id)
    await turn()
    go()
    told.push(await about)
  }
  expect(told).toEqual([0, 250, 1_000])
})

test('so many are counted at once; one more is told nothing, until others are done', async () => {
  const { labels, go } = sizes({ 1: 500, 2: 500, 3: 500, 4: 500, 5: 500 })
  const counting = Array.from({ length: LIMITS.labelCountsMax }, (_, i) => labels.about(`${i + 1}`))
  expect(await labels.about('5')).toBeUndefined()
  for (const _ of counting) {
    await turn()
    go()
  }
  expect(await Promise.all(counting)).toEqual([500, 500, 500, 500])
  const last = labels.about('5')
  await turn()
  go()
  expect(await last).toBe(500)
  expect(await labels.about('5')).toBe(500)
})
