import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayOf } from '../../audience/clock.ts'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import { NaiveReach } from '../audience/reach/naive-reach.ts'
import { seeded } from '../support/random.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

// The view of couples of DMP and DSP (total → synced → delivered → seen in 7 days → won), held against counts made by
// walking through the store and through the notices, over 300 people drawn by lot.

const PEOPLE = 300
let world: ConsoleWorld
let won = 0

beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  const next = seeded(11)
  const memberships: object[] = []
  const matches: object[] = []
  for (let n = 0; n < PEOPLE; n++) {
    const uid = `p${n}`
    const add = [...(next() < 0.5 ? ['cars'] : []), ...(next() < 0.3 ? ['boats'] : [])]
    if (add.length > 0) memberships.push({ source: 'dmp', uid, add })
    if (next() < 0.4) matches.push({ source: 'dmp', uid, with: { source: 'dsp', uid: `b${n}` } })
    // A second id of the same person, in cars as well: people are counted, not ids.
    if (next() < 0.3) {
      matches.push({ source: 'dmp', uid, with: { source: 'dmp', uid: `q${n}` } })
      memberships.push({ source: 'dmp', uid: `q${n}`, add: ['cars'] })
    }
  }
  expect((await world.import('memberships', memberships)).body).toMatchObject({ rejected: 0 })
  expect((await world.import('matches', matches)).body).toMatchObject({ rejected: 0 })
  for (let n = 0; n < PEOPLE; n++) if (next() < 0.35) await give(`p${n}`, next.int(12))
  const notices = Array.from({ length: 60 }, (_, n) =>
    notice(`a${n}`, next.pick(['win', 'billing', 'loss'])),
  )
  // The contract is billed on that: of a win alone nothing is due.
  won = notices.filter(({ what }) => what === 'billing').length
  await world.ship(notices)
})
afterAll(() => world.close())

const numberIn = (kind: string, id: string): number =>
  (world.audience.feed.current()!.kind(kind).get(id)!.value as Body).number

/** The DSP was given cars about an id some days ago. */
async function give(uid: string, daysAgo: number): Promise<void> {
  const day = dayOf(world.clock.now()) - daysAgo
  const key = world.audience.userKeys()!.of(numberIn('namespace', 'dmp'), uid)
  const entry = { recipient: numberIn('partner', 'dsp'), channel: 0, reference: '' }
  const segments = [numberIn('segment', 'cars')]
  const notes = [{ key, entries: [{ ...entry, firstDay: day, lastDay: day, segments }] }]
  await world.store.people.noteEgress(notes)
  world.reach.noteEgress(notes)
}

function notice(answer: string, what: 'win' | 'billing' | 'loss') {
  const carried = [{ contract: 'autumn', version: 1, segments: ['cars'] }]
  const at = { answeredS: Math.floor(world.clock.now() / 1000), receivedMs: world.clock.now() }
  const record = { kind: 'notice', what, answer, imp: '', buyer: 1, exchange: 0, by: 'buyer' }
  return { ...record, carried, ...at } as LedgerRecord & { what: string }
}

test('couples of segment and DSP are what counting one by one comes to', async () => {
  const today = dayOf(world.clock.now())
  const { people } = await NaiveReach.read(world.store.people, today)
  const [dsp, namespace] = [numberIn('partner', 'dsp'), numberIn('namespace', 'dsp')]
  const { couples } = await world.must('GET', '/api/reach?segments=cars,boats&partner=dsp')
  for (const id of ['cars', 'boats']) {
    const segment = numberIn('segment', id)
    const members = people.filter(({ segments }) => segments.has(segment))
    const count = (isSo: (person: (typeof people)[number]) => boolean) =>
      members.filter(isSo).length
    const couple = couples.find((one: Body) => one.segment === id)
    const told = ['synced', 'delivered', 'seen'].map((name) => couple[name].count)
    expect([id, couple.total, ...told]).toEqual([
      id,
      members.length,
      count(({ namespaces }) => namespaces.has(namespace)),
      count(({ given }) => given.has(`${dsp} ${segment}`)),
      count(({ seen }) => (seen.get(dsp) ?? 0) > today - 7),
    ])
    expect(told.every((one) => one <= couple.total)).toBe(true)
    expect(couple.won).toBe(id === 'cars' ? won : 0)
  }
  expect(won).toBeGreaterThan(10)
})
