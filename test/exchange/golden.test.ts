import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { BuyerView, DataGroup } from '../../exchange/buyer-view.ts'
import { dataOrder } from '../../exchange/data-order.ts'
import { contractBody, World } from './world.ts'

// Each file under test/cases/exchange is a small world as an ad-ops person would write it down, and
// what buyers get in it: Data objects by provider, and deals.

interface Case {
  about: string
  partners: Record<string, object>
  segments: Record<string, { owner: string }>
  contracts?: Record<string, object>
  deals?: Record<string, object>
  expect: Expectation[]
}

interface Expectation {
  about: string
  buyer: string
  at?: string
  country?: string
  exchange?: string
  confirmed?: boolean
  data?: object[]
  under?: Record<string, string>
  deals?: {
    always: string[]
    bySegment: Record<string, string[]>
    withheld: Record<string, number>
  }
}

const folder = join(dirname(fileURLToPath(import.meta.url)), '../cases/exchange')
let world: World
afterEach(() => world.close())

for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!file.endsWith('.json')) continue
  const golden = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Case
  describe(golden.about, () => {
    for (const expected of golden.expect)
      test(expected.about, async () => {
        world = await World.open()
        await build(golden)
        checkCase(expected)
      })
  })
}

async function build({ partners, segments, contracts = {}, deals = {} }: Case): Promise<void> {
  for (const [id, more] of Object.entries(partners)) await world.partner(id, more)
  for (const [id, { owner, ...more }] of Object.entries(segments))
    await world.segment(id, owner, more)
  for (const [id, more] of Object.entries(contracts)) {
    await world.contract(id, contractBody(more))
    world.clock.nowMs += 1
  }
  for (const [id, more] of Object.entries(deals)) await world.deal(id, more)
}

function checkCase(expected: Expectation): void {
  if (expected.at) world.clock.nowMs = Date.parse(expected.at)
  const { country, confirmed = true } = expected
  const view = world.view(expected.buyer, { ...(country ? { country } : {}), confirmed })
  if (expected.data) expect(dataOf(view)).toEqual(expected.data)
  if (expected.under) expect(world.granted(view)).toEqual(expected.under)
  if (expected.deals) expect(dealsOf(view, expected.exchange)).toEqual(expected.deals)
}

/** The Data objects of somebody who is in every segment. */
function dataOf(view: BuyerView): object[] {
  const byGroup = new Map<DataGroup, Set<string>>()
  for (const { writes } of view.entitlements())
    for (const { group, id } of writes)
      byGroup.set(group, (byGroup.get(group) ?? new Set()).add(id))
  return [...byGroup]
    .sort(([a], [b]) => dataOrder(a, b))
    .map(([{ provider, segtax, seats }, ids]) => ({
      id: provider.id,
      name: provider.domain,
      ...(segtax === undefined ? {} : { segtax }),
      ...(seats.length > 0 ? { seats: [...seats] } : {}),
      ids: [...ids],
    }))
}

function dealsOf(view: BuyerView, exchange: string | undefined) {
  const catalog = world.exchange.catalog()!
  const index = view.deals(exchange ? catalog.partner(exchange)!.number : 0)!
  return {
    always: index.always.map(({ json }) => json),
    bySegment: Object.fromEntries(
      [...world.feed.current()!.kind('segment').keys()]
        .map((id) => [id, index.under(catalog.segment(id)!.number).map(({ json }) => json)])
        .filter(([, deals]) => deals!.length > 0),
    ),
    withheld: Object.fromEntries(index.withheld()),
  }
}
