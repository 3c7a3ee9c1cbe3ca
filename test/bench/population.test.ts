import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EventDesk } from '../../audience/events/event-desk.ts'
import { RuleBooks } from '../../audience/events/rule-book.ts'
import { openReach, type Reach } from '../../audience/reach/reach.ts'
import {
  CHANNELS,
  type Channel,
  type PopulationOptions,
  population,
} from '../../bench/population/people.ts'
import { CLIENTS, openShop } from '../../bench/population/shop.ts'
import { weighTruth } from '../../bench/population/weigh-truth.ts'
import { ownerOf } from '../../exchange/collect/owner-of.ts'
import { getKpis, RECONCILIATION_BAND } from '../../exchange/desk/kpis.ts'
import { usageDeps } from '../../exchange/desk/open-usage-desk.ts'
import { EdgeHouse, OPERATOR } from '../support/edge-house.ts'

// Three thousand seeded people on five channels, with bots, repetitions, late events and shared devices, come in over
// HTTP; what the graph makes of them is held against what the generator knows.

const OPTIONS: PopulationOptions = { people: 3_000, seed: 7, endMs: Date.now() }
const BATCH = 500

let house: EdgeHouse
let desk: EventDesk
let reach: Reach

beforeAll(async () => {
  house = await EdgeHouse.open()
  const keys = await openShop(house.exchange)
  const { audience, clock, store } = house
  const books = new RuleBooks(() => audience.feed.current(), ownerOf)
  desk = new EventDesk({ audience, books, clock, log: { warn() {} } })
  for (const { sent } of population(OPTIONS))
    for (const channel of CHANNELS) {
      const batch = sent.filter((one) => one.channel === channel).map(({ message }) => message)
      for (let from = 0; from < batch.length; from += BATCH)
        await post(keys[channel], batch.slice(from, from + BATCH))
    }
  await desk.poke()
  reach = openReach({ people: store.people, clock, bidChannel: 0 })
}, 120_000)
afterAll(async () => {
  await desk?.close()
  await reach?.close()
  await house?.close()
})

async function post(key: string, batch: readonly object[]): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
  const body = JSON.stringify({ batch })
  const answer = await house.ask('POST', '/v1/batch', { headers: { authorization }, body })
  expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([200, { success: true }])
}

describe('the seeded population', () => {
  test('is the same from the same seed, and another from another', () => {
    const texts = [7, 7, 8].map((seed) =>
      JSON.stringify([...population({ ...OPTIONS, people: 50, seed })]),
    )
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).not.toBe(texts[2])
  })

  test('has every channel, bots, repetitions, late messages and devices of several customers', () => {
    const all = [...population(OPTIONS)]
    const sent = all.flatMap((one) => one.sent)
    const share = (count: number, of: number) => count / of
    const by = (channel: Channel) => sent.filter((one) => one.channel === channel).length
    for (const channel of CHANNELS) expect(by(channel)).toBeGreaterThan(100)
    const messages = new Set(sent.map(({ message }) => message['messageId']))
    expect(share(sent.length - messages.size, messages.size)).toBeCloseTo(0.01, 2)
    const late = sent.filter(
      ({ sentMs, message }) => sentMs - Date.parse(String(message['timestamp'])) > 3_600_000,
    )
    expect(share(late.length, sent.length)).toBeCloseTo(0.02, 2)
    const owners = all.flatMap(({ truth }) => truth.flatMap(({ devices }) => devices))
    expect(owners.length).toBeGreaterThan(new Set(owners).size)
  })

  test('is reconciled at a rate in the reference band, as the KPI tells and as the truth has it', async () => {
    const { deskDeps } = house.exchange
    const deps = usageDeps({
      deskDeps: { ...deskDeps, reach },
      store: house.store,
      append: async () => {},
    })
    const { items } = await getKpis(deps, OPERATOR, { clients: CLIENTS })
    const told = items.find(({ kpi }) => kpi === 'reconciliation_rate')!
    const weighed = await weighTruth(house.audience, OPTIONS)
    expect(told).toMatchObject({ count: weighed.reconciled, of: weighed.clients })
    expect(told.band).toEqual({ ...RECONCILIATION_BAND, isWithin: true })
  })

  test('joins nobody who is not one, and misses only who shares a device with another customer', async () => {
    const weighed = await weighTruth(house.audience, OPTIONS)
    expect(weighed).toMatchObject({ overMerged: 0, precision: 1 })
    expect(weighed.recall).toBeGreaterThan(0.9)
    expect(weighed.recall).toBeLessThan(1)
    expect(desk.counts()).toMatchObject({ quarantined: 0, failures: 0 })
    expect(house.failures).toEqual([])
  })
})
