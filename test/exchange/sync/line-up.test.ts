import { expect, test } from 'vitest'
import { AnswerBytes } from '../../../exchange/sync/answer-bytes.ts'
import { EntryRun } from '../../../exchange/sync/entry-run.ts'
import { SYNC_LIMITS } from '../../../exchange/sync/limits.ts'
import { LineUp } from '../../../exchange/sync/line-up.ts'
import { planSyncs, type Situation } from '../../../exchange/sync/plan-syncs.ts'
import { PrivacyMacros } from '../../../exchange/sync/privacy-macros.ts'
import { STATE_CHARS } from '../../../exchange/sync/sync-state.ts'
import { seeded } from '../../support/random.ts'
import { candidateOf, matchesOf, situationOf, syncerOf } from './sync-world.ts'

// Where all that fit are asked, visitors share an order; what each is answered is its own all the same.

const CANDIDATES = [
  ...Array.from({ length: 8 }, (_, i) => candidateOf(syncerOf(i + 1), { tier: i < 6 ? 0 : 1 })),
  candidateOf(syncerOf(9), { unfit: { reason: 'filtered' } }),
]
const random = seeded(7)
const drawn = () => new LineUp(CANDIDATES, random, 0)
const planned = (lineUp: LineUp, more: Partial<Situation> = {}) =>
  planSyncs(CANDIDATES, situationOf({ lineUp: () => lineUp, ...more }))
const names = (syncs: readonly { name: string }[]) => syncs.map(({ name }) => name)

test('a line-up holds all that fit, tier by tier, in an order of its own', () => {
  const orders = new Set<string>()
  for (let i = 0; i < 200; i++) {
    const order = names(drawn().all)
    expect(order.slice(0, 6).sort()).toEqual(['p1', 'p2', 'p3', 'p4', 'p5', 'p6'])
    expect(order.slice(6).sort()).toEqual(['p7', 'p8'])
    orders.add(order.join())
  }
  expect(orders.size).toBeGreaterThan(100)
})

test('who is left out of it is left out for one visitor, and the others keep their order', () => {
  const lineUp = drawn()
  expect(planned(lineUp)).toMatchObject({ chosen: lineUp.all, lineUp, surplus: [] })
  const matches = matchesOf(
    new Map([
      [102, 20_000],
      [107, 20_000],
    ]),
  )
  const { chosen, leftOut, lineUp: whole } = planned(lineUp, { matches })
  expect(whole).toBeUndefined()
  expect(names(chosen)).toEqual(names(lineUp.all).filter((name) => !['p2', 'p7'].includes(name)))
  expect(leftOut.map(({ name, reason }) => [name, reason])).toEqual([
    ['p2', 'in_sync'],
    ['p7', 'in_sync'],
    ['p9', 'filtered'],
  ])
})

test('where the limit chooses, each visitor has lots of its own', () => {
  const lineUp = drawn()
  const firsts = new Set<string>()
  for (let i = 0; i < 200; i++) {
    const { chosen, surplus, lineUp: whole } = planned(lineUp, { limit: 3, random })
    expect([chosen.length, surplus.length, whole]).toEqual([3, 5, undefined])
    expect(new Set([...chosen, ...surplus]).size).toBe(8)
    firsts.add(names(chosen).join())
  }
  expect(firsts.size).toBeGreaterThan(50)
})

test('its entries are those that are written one by one, with each visitor’s own states', () => {
  const { all } = drawn()
  const said = { gdpr: '1', gdprConsent: 'CP', usPrivacy: '', gpp: '', gppSid: '' }
  const privacy = PrivacyMacros.of(said)
  const run = new EntryRun(all, privacy)
  for (const letter of ['a', 'b']) {
    const chars = Buffer.from(all.map((_, i) => `${letter}${i}`.padEnd(STATE_CHARS, 'x')).join(''))
    const into = new AnswerBytes().begin().text('[')
    run.write(into, chars)
    const entries = JSON.parse(`${Buffer.from(into.written())}]`)
    for (const [i, { template, name }] of all.entries()) {
      const state = chars.toString('latin1', i * STATE_CHARS, (i + 1) * STATE_CHARS)
      const usersync = { url: template.shown(privacy, state), type: 'redirect' }
      expect(entries[i]).toEqual({ bidder: name, no_cookie: true, usersync })
    }
    expect(entries).toHaveLength(8)
  }
})

test('they are kept from the second visitor on who says the same, and not where they are long', () => {
  const lineUp = drawn()
  const said = { gdpr: '1', gdprConsent: 'CP', usPrivacy: '', gpp: '', gppSid: '' }
  const privacy = PrivacyMacros.of(said)
  expect(lineUp.run(privacy)).toBeUndefined()
  expect(lineUp.run(privacy)).toBe(lineUp.run(privacy))
  const long = PrivacyMacros.of({
    ...said,
    gdprConsent: 'C'.repeat(SYNC_LIMITS.entryRunBytesMax / 8),
  })
  for (let i = 0; i < 3; i++) expect(lineUp.run(long)).toBeUndefined()
})
