import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { IFA_HASH } from '../../../audience/namespace.ts'
import type { Segment } from '../../../audience/segment.ts'
import { ROW_WORDS } from '../../../exchange/egress/egress-meter.ts'
import { BidHouse } from '../../support/bid-house.ts'
import { requestOf, saleWorld } from '../../support/sale-world.ts'

let house: BidHouse
beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(saleWorld)
})
afterAll(() => house.close())
beforeEach(() => takeGiven())

const enrich = (uid: string, more: object = {}, buyer = 'dsp') =>
  house.enrich(requestOf(uid, more), { buyer })

/** What was noted since it was last asked: `uid recipient segment+segment`, sorted. */
async function takeGiven(): Promise<string[]> {
  await house.egress.flush()
  const catalog = house.exchange.catalog()!
  const { namespace } = catalog.partner('dsp')!
  const names = new Map(
    saleWorld.people.map(({ uid }) => [
      house.audience.userKeys()!.of(namespace, uid).readUInt32LE(0),
      uid,
    ]),
  )
  const segments = new Map(
    [...house.audience.feed.current()!.kind('segment').values()].map(({ id, value }) => [
      (value as Segment).number,
      id,
    ]),
  )
  return house.given
    .splice(0)
    .flatMap(({ sets, rows }) =>
      Array.from({ length: rows.length / ROW_WORDS }, (_, row) => {
        const at = row * ROW_WORDS
        const told = sets[rows[at + 5]!]!.map((segment) => segments.get(segment))
        const recipient = catalog.partnerByNumber(rows[at + 4]!)!.id
        return `${names.get(rows[at]!)} ${recipient} ${told.sort().join('+')}`
      }),
    )
    .sort()
}

test('each answer is noted once a day for each person and buyer: own segments, and of tests too', async () => {
  for (let i = 0; i < 3; i++) await enrich('counted')
  await enrich('counted', { test: 1 })
  await enrich('owner')
  await enrich('nobody')
  expect(await takeGiven()).toEqual(['counted dsp counted+counted-too+own', 'owner dsp own'])
  await enrich('counted')
  expect(await takeGiven()).toEqual([])
})

test('a deal tells that its audience holds; one for anybody tells nothing', async () => {
  await enrich('in-counted-deal')
  await enrich('in-own-deal')
  expect(await takeGiven()).toEqual([
    'in-counted-deal dsp deal-billed+deal-counted',
    'in-counted-deal dsp deal-counted+deal-none',
    'in-own-deal dsp curators-own',
    'in-own-deal dsp curators-own+deal-billed',
  ])
})

test('what cannot be noted is not given', async () => {
  const isOpen = vi.spyOn(house.egress, 'isOpen').mockReturnValue(false)
  const { headers } = await enrich('billed')
  expect(headers['x-passerelle-reason']).toBe('unaccounted')
  isOpen.mockRestore()
  expect((await enrich('billed')).headers['x-passerelle-reason']).toBeUndefined()
  expect(await takeGiven()).toEqual(['billed dsp billed+counted'])
})

test('a device whose id is on a list of hashes is given nothing, by whatever else it is known', async () => {
  const ifa = '6D92078A-8246-4BA4-AE5B-76104861E7DC'
  const device = { device: { ifa } }
  expect((await enrich('owner', device)).headers['x-passerelle-reason']).toBeUndefined()
  const value = createHash('sha256').update(ifa.toLowerCase()).digest('hex')
  await house.audience.suppress([{ namespace: IFA_HASH.number, value }], { kind: 'list' })
  await house.audience.poke()
  expect((await enrich('owner', device)).headers['x-passerelle-reason']).toBe('opted_out')
  expect((await enrich('owner')).headers['x-passerelle-reason']).toBeUndefined()
})

test('a suppressed person is given to nobody, and nothing is noted', async () => {
  const { namespace } = house.exchange.catalog()!.partner('dsp')!
  await house.audience.suppress([{ namespace, value: 'won' }], { kind: 'erased' })
  await house.audience.poke()
  expect((await enrich('won')).headers['x-passerelle-reason']).toBe('opted_out')
  expect(await takeGiven()).toEqual([])
})
