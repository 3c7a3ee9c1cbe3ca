import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EventDesk } from '../../../audience/events/event-desk.ts'
import { RuleBooks } from '../../../audience/events/rule-book.ts'
import type { Namespace } from '../../../audience/namespace.ts'
import { ownerOf } from '../../../exchange/collect/owner-of.ts'
import { getFunnel } from '../../../exchange/desk/funnel.ts'
import { unpackProfile } from '../../../proto/profile-blob.ts'
import { corpusPath } from '../../support/corpus.ts'
import { EdgeHouse, OPERATOR } from '../../support/edge-house.ts'

// A shop's half year, 31,106 events of 600 people, comes in at the collector; what rules find is what a script finds
// that reads the file itself.

const PATH = corpusPath('events/ecom.csv.gz')
const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000]
const BATCH = 2_000

interface Row {
  user: string
  session: string
  event: string
  atMs: number
  platform: string
}

/** The file's rows, whole days later, so that its last day is yesterday. */
function rowsOf(path: string): Row[] {
  const [, ...lines] = gunzipSync(readFileSync(path)).toString().trim().split('\n')
  const rows = lines.map((line) => {
    const [user, session, event, time, platform] = line.split(',') as [
      string,
      string,
      string,
      string,
      string,
    ]
    return { user, session, event, atMs: Date.parse(`${time.replace(' ', 'T')}Z`), platform }
  })
  const lastDay = Math.max(...rows.map(({ atMs }) => Math.floor(atMs / DAY_MS)))
  const laterMs = (Math.floor(Date.now() / DAY_MS) - 1 - lastDay) * DAY_MS
  return rows.map((row) => ({ ...row, atMs: row.atMs + laterMs }))
}

const TRAITS = { viewed: 'product_view', carted: 'add_to_cart', bought: 'purchase' }
type Shown = Record<keyof typeof TRAITS, number[]>

/** What the script makes of one person's moments, written with no eye to how rules are evaluated. */
const SCRIPT: Record<string, { rule: string; holds: (shown: Shown, nowMs: number) => boolean }> = {
  viewed: { rule: 'viewed', holds: ({ viewed }) => viewed.length > 0 },
  'viewed-carted': {
    rule: 'SEQUENCE(viewed THEN carted)',
    holds: ({ viewed, carted }) => carted.some((cart) => viewed.some((view) => view < cart)),
  },
  'viewed-carted-bought': {
    rule: 'SEQUENCE(viewed THEN carted THEN bought)',
    holds: ({ viewed, carted, bought }) =>
      bought.some((buy) => carted.some((cart) => cart < buy && viewed.some((view) => view < cart))),
  },
  'same-day': {
    rule: 'SEQUENCE(viewed THEN WITHIN 1H carted THEN WITHIN 24H bought)',
    holds: ({ viewed, carted, bought }) =>
      carted.some(
        (cart) =>
          viewed.some((view) => view < cart && cart - view <= HOUR_MS) &&
          bought.some((buy) => buy > cart && buy - cart <= DAY_MS),
      ),
  },
  abandoned: {
    rule: 'SEQUENCE(carted THEN NOT WITHIN 24H bought)',
    holds: ({ carted, bought }, nowMs) =>
      carted.some(
        (cart) =>
          cart + DAY_MS <= nowMs && !bought.some((buy) => buy > cart && buy - cart <= DAY_MS),
      ),
  },
  'carted-never-bought': {
    rule: 'carted AND NOT FREQUENCY([bought]) >= 1',
    holds: ({ carted, bought }) => carted.length > 0 && bought.length === 0,
  },
}

describe.skipIf(PATH === undefined)('the corpus’ shop', () => {
  let house: EdgeHouse
  let desk: EventDesk
  let rows: Row[]

  beforeAll(async () => {
    rows = rowsOf(PATH!)
    house = await EdgeHouse.open()
    const key = await furnish(house)
    const { audience, clock } = house
    const books = new RuleBooks(() => audience.feed.current(), ownerOf)
    desk = new EventDesk({ audience, books, clock, log: { warn() {} } })
    const messages = rows.map(messageOf)
    for (let from = 0; from < messages.length; from += BATCH)
      await post(house, key, messages.slice(from, from + BATCH))
    // A sender that did not hear the answer.
    await post(house, key, messages.slice(0, BATCH))
    await desk.poke()
  }, 60_000)
  afterAll(async () => {
    await desk?.close()
    await house?.close()
  })

  test('is counted event for event', () => {
    const shows = Object.values(TRAITS) as string[]
    const counted = rows.filter(({ event }) => shows.includes(event)).length
    expect(desk.counts()).toMatchObject({ counted, quarantined: 0, linkRefused: 0 })
    expect(house.failures).toEqual([])
  })

  test.each(Object.keys(SCRIPT))('has the people in “%s” that the script finds', async (id) => {
    const nowMs = house.clock.now()
    const wanted = [...shownBy(rows)].filter(([, shown]) => SCRIPT[id]!.holds(shown, nowMs))
    const found = await membersOf(house, id, [...shownBy(rows).keys()])
    expect(found.sort()).toEqual(wanted.map(([user]) => user).sort())
    expect(found.length).toBeGreaterThan(0)
  })

  test.each([undefined, '24H'])(
    'goes down the funnel as the script does, within %s',
    async (within) => {
      const people = [...shownBy(rows).values()]
      const withinMs = within === undefined ? Number.POSITIVE_INFINITY : DAY_MS
      const follows = (before: number, at: number) => at > before && at - before <= withinMs
      const wanted = [
        people.filter(({ viewed }) => viewed.length > 0),
        people.filter(({ viewed, carted }) =>
          carted.some((cart) => viewed.some((view) => follows(view, cart))),
        ),
        people.filter(({ viewed, carted, bought }) =>
          bought.some((buy) =>
            carted.some((cart) => follows(cart, buy) && viewed.some((view) => follows(view, cart))),
          ),
        ),
      ].map(({ length }) => length)
      const deps = { deskDeps: house.exchange.deskDeps, audience: house.audience }
      const asked = { steps: Object.keys(TRAITS), days: 400, ...(within ? { within } : {}) }
      const funnel = await getFunnel(deps, OPERATOR, asked)
      expect(funnel.isExact).toBe(true)
      expect(funnel.steps.map((step) => step.people.count)).toEqual(wanted)
      expect(wanted[0]! > wanted[1]! && wanted[1]! > wanted[2]! && wanted[2]! > 0).toBe(true)
    },
  )
})

async function furnish({ exchange: { desk } }: EdgeHouse): Promise<string> {
  const partner = { name: 'Shop', domain: 'shop.example', roles: ['dmp'], region: 'US' }
  await desk.putPartner(OPERATOR, { id: 'shop', body: partner })
  const namespaces = { anonymousId: 'shop.session', userId: 'shop.user' }
  const source = { name: 'Shop', kind: 'web', owner: 'shop', namespaces }
  await desk.putSource(OPERATOR, { id: 'site', body: source })
  for (const [id, event] of Object.entries(TRAITS)) {
    const body = { name: id, owner: 'shop', when: `event == "${event}"`, ttlDays: 400 }
    await desk.putTrait(OPERATOR, { id, body })
  }
  for (const [id, { rule }] of Object.entries(SCRIPT)) {
    const body = { name: id, owner: 'shop', provenance: 'first_party', ttlDays: 400, rule }
    await desk.putSegment(OPERATOR, { id, body })
  }
  return (await desk.createSourceKey(OPERATOR, { source: 'site', body: {} })).key
}

function messageOf({ user, session, event, atMs, platform }: Row, line: number): object {
  return {
    ...{ type: 'track', event, userId: user, anonymousId: session, messageId: `ecom-${line}` },
    ...{ timestamp: new Date(atMs).toISOString(), properties: { platform } },
  }
}

async function post(house: EdgeHouse, key: string, batch: readonly object[]): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
  const headers = { authorization, 'content-encoding': 'gzip' }
  const body = gzipSync(JSON.stringify({ batch }))
  const answer = await house.ask('POST', '/v1/batch', { headers, body })
  expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([200, { success: true }])
}

function shownBy(rows: readonly Row[]): Map<string, Shown> {
  const people = new Map<string, Shown>()
  for (const { user, event, atMs } of rows) {
    const shown = people.get(user) ?? { viewed: [], carted: [], bought: [] }
    people.set(user, shown)
    for (const [trait, name] of Object.entries(TRAITS))
      if (name === event) shown[trait as keyof Shown].push(atMs)
  }
  return people
}

async function membersOf({ audience, store }: EdgeHouse, id: string, users: string[]) {
  const snapshot = audience.feed.current()!
  const { number } = snapshot.kind('segment').get(id)!.value as { number: number }
  const namespace = (snapshot.kind('namespace').get('shop.user')!.value as Namespace).number
  const keys = users.map((user) => audience.userKeys()!.of(namespace, user))
  const records: Awaited<ReturnType<typeof store.people.recall>> = []
  for (let from = 0; from < keys.length; from += 100)
    records.push(...(await store.people.recall(keys.slice(from, from + 100))))
  return users.filter((_, i) =>
    unpackProfile(records[i]?.profile ?? new Uint8Array(0)).some(
      ({ segment }) => segment === number,
    ),
  )
}
