import { afterEach, beforeEach, expect, test } from 'vitest'
import { COUNTRY_ABSENT } from '../../audience/countries.ts'
import { type DemoMembership, revokeDemoKeys, seedDemoWorld } from '../../exchange/demo-world.ts'
import { openExchange } from '../../exchange/exchange.ts'
import { OPERATOR, World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await World.open()
})
afterEach(() => world.close())

test('the demo world: two contracted segments, one deal, a key that works', async () => {
  const people: DemoMembership[] = []
  await seedDemoWorld(world.exchange.deskDeps, async (lines) => void people.push(...lines))
  const catalog = world.exchange.catalog()!
  const holder = catalog.findKey('demo-dsp-key', 'bid')!
  expect([holder.partner.id, holder.partner.gdprDefault]).toEqual(['dsp-demo', 0])
  const view = catalog.viewFor(holder.partner.number, COUNTRY_ABSENT, world.clock.now(), 'all')
  const granted = Object.keys(world.granted(view))
  const first = people.find(({ uid }) => uid === 'demo-user-1')!
  expect(first.source).toBe('dsp-demo')
  expect(first.add.filter((id) => granted.includes(id))).toHaveLength(2)
  expect(granted).toHaveLength(2)
  const deals = view.deals(catalog.partner('ssp-demo')!.number)!
  const under = first.add.flatMap((id) => deals.under(catalog.segment(id)!.number))
  expect(under.map(({ id }) => id)).toEqual(['demo-deal'])
})

test('seeding again changes nothing, and completes what broke off', async () => {
  const seed = () => seedDemoWorld(world.exchange.deskDeps, async () => {})
  await seed()
  const version = world.catalog.version()
  await seed()
  expect(world.catalog.version()).toBe(version)
  await world.desk.deleteDeal(OPERATOR, { id: 'demo-deal' })
  await seed()
  expect(world.desk.getDeal(OPERATOR, 'demo-deal').value.seller).toBe('dmp-demo')
})

test('without demo its keys are revoked, once', async () => {
  await seedDemoWorld(world.exchange.deskDeps, async () => {})
  expect(await revokeDemoKeys(world.exchange.deskDeps)).toBe(true)
  expect(world.exchange.catalog()!.findKey('demo-dsp-key')).toBeUndefined()
  expect(await revokeDemoKeys(world.exchange.deskDeps)).toBe(false)
})

test('who listens hears of every new version, compiled', async () => {
  const versions: number[] = []
  const end = world.exchange.onChange((catalog) => versions.push(catalog.version))
  await world.partner('dsp')
  end()
  await world.partner('dmp')
  expect(versions).toEqual([1])
})

test('a lazy exchange compiles when asked, and sees the same', async () => {
  let compiled = 0
  const lazy = await openExchange({
    feed: world.feed,
    clock: world.clock,
    catalogStore: world.catalog,
    log: { debug: () => compiled++ },
    lazy: true,
  })
  await world.partner('dsp')
  await world.partner('dmp')
  expect(compiled).toBe(0)
  expect(lazy.catalog()!.partner('dmp')!.id).toBe('dmp')
  expect(lazy.catalog()).toBe(lazy.catalog())
  expect(compiled).toBe(1)
  await lazy.close()
})

test('a view is kept from request to request, and over countries that no contract tells apart', async () => {
  await world.partner('dsp')
  const view = world.view('dsp')
  expect(world.view('dsp')).toBe(view)
  for (const country of ['DEU', 'xx', 'anything at all'])
    expect(world.view('dsp', { country })).toBe(view)
})

test('parts that did not change are taken over by the next version', async () => {
  await world.partner('dmp')
  await world.segment('cars', 'dmp')
  const before = world.exchange.catalog()!.segment('cars')
  await world.partner('dsp')
  expect(world.exchange.catalog()!.segment('cars')).toBe(before)
})
