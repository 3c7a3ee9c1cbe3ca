import fc from 'fast-check'
import { expect, test } from 'vitest'
import { calendarIn } from '../../../audience/calendar.ts'
import { DAY_MS, dayOf } from '../../../audience/clock.ts'
import { expiryDayOf } from '../../../audience/people/memberships.ts'
import { checkExpression } from '../../../audience/rules/check-expression.ts'
import { ruleHolds } from '../../../audience/rules/evaluate.ts'
import { type Expression, segmentsOf, traitsOf } from '../../../audience/rules/expression.ts'
import { printExpression } from '../../../audience/rules/print-expression.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { memberRule, TRAITS, traitRule } from '../rules/arbitrary-rule.ts'
import { EventWorld } from './event-world.ts'

/** Random histories of one run, and how many in all: 100,000 where they are asked for. */
const PEOPLE = 10
const HISTORIES = Number(process.env['PASSERELLE_HISTORIES'] ?? 1_500)
const HOUR_MS = 3_600_000
const calendar = calendarIn('Europe/Paris')
const TRAIT_DAYS = 12
const DAYS = { client: 9, vipClient: 25 }

const isSound = (tree: Expression) => checkExpression(tree, '', 'person').length === 0
const client = traitRule.filter(isSound)
const vipClient = memberRule.filter((tree) => isSound(tree) && traitsOf(tree).size > 0)
const happening = fc.record({
  who: fc.nat(PEOPLE - 1),
  trait: fc.nat(TRAITS.length - 1),
  lateMs: fc.oneof(fc.constant(0), fc.nat(3 * DAY_MS)),
})
const step = fc.record({
  windMs: fc.oneof(fc.nat(2 * HOUR_MS), fc.nat(3 * DAY_MS)),
  happenings: fc.array(happening, { maxLength: 12 }),
})

test('memberships are at every instant what the rules say of the whole history, asked anew', async () => {
  await fc.assert(
    fc.asyncProperty(
      client,
      vipClient,
      fc.array(step, { minLength: 6, maxLength: 14 }),
      async (clientRule, vipClientRule, steps) => {
        const world = await EventWorld.open({ store: (clock) => new MemoryStore(clock) })
        const oracle = new Oracle(clientRule, vipClientRule)
        try {
          await world.rules(Object.fromEntries(TRAITS.map((id) => [id, { ttlDays: TRAIT_DAYS }])), {
            client: { rule: printExpression(clientRule), ttlDays: DAYS.client },
            vipClient: { rule: printExpression(vipClientRule), ttlDays: DAYS.vipClient },
            vip: { rule: '' },
          })
          const vips = [0, 1, 2].map((who) => ({ ...anonymous(who), remove: [] }))
          const add = [{ segment: 103, ttlDays: 10 }]
          await world.audience.assign(vips.map((one) => ({ ...one, add })))
          oracle.vipDay = expiryDayOf(world.clock.now(), 10)
          for (const { windMs, happenings } of steps) {
            world.pass(windMs)
            const events = happenings.map(({ who, trait, lateMs }) => {
              const atMs = world.clock.now() - lateMs
              oracle.note(who, TRAITS[trait]!, atMs)
              return world.event(`a${who}`, [trait + 1], { atMs })
            })
            await world.collect(...events)
            for (let who = 0; who < PEOPLE; who++)
              expect((await world.segments(`a${who}`)).filter((one) => one !== 103)).toEqual(
                oracle.segments(who, world.clock.now()),
              )
          }
        } finally {
          await world.close()
        }
      },
    ),
    { numRuns: Math.ceil(HISTORIES / PEOPLE) },
  )
}, 3_600_000)

function anonymous(who: number) {
  return { namespace: 11, value: `a${who}` }
}

/** Everything that happened, and the rules asked of all of it. */
class Oracle {
  vipDay = 0
  readonly #client: Expression
  readonly #vipClient: Expression
  readonly #happened = new Map<string, number[]>()

  constructor(clientRule: Expression, vipClientRule: Expression) {
    this.#client = clientRule
    this.#vipClient = vipClientRule
  }

  note(who: number, trait: string, atMs: number): void {
    const name = `${who} ${trait}`
    this.#happened.set(name, [...(this.#happened.get(name) ?? []), atMs])
  }

  segments(who: number, nowMs: number): number[] {
    const reach = traitsOf(this.#client)
    const isClient = this.#isIn(this.#client, { who, nowMs, reach, ttlDays: DAYS.client })
    const members = new Set(isClient ? ['client'] : [])
    if (who < 3 && dayOf(nowMs) < this.vipDay) members.add('vip')
    const wider = traitsOf(this.#vipClient)
    if (segmentsOf(this.#vipClient).has('client')) for (const trait of reach) wider.add(trait)
    const asked = { who, nowMs, reach: wider, ttlDays: DAYS.vipClient, members }
    const isVipClient = this.#isIn(this.#vipClient, asked)
    return [...(isClient ? [101] : []), ...(isVipClient ? [102] : [])]
  }

  #isIn(
    rule: Expression,
    {
      who,
      nowMs,
      reach,
      ttlDays,
      members = new Set(),
    }: {
      who: number
      nowMs: number
      reach: ReadonlySet<string>
      ttlDays: number
      members?: ReadonlySet<string>
    },
  ): boolean {
    const shown = (trait: string) => this.#shown(who, trait, nowMs)
    const lastMs = Math.max(...[...reach].flatMap((trait) => shown(trait).map(({ atMs }) => atMs)))
    if (lastMs === Number.NEGATIVE_INFINITY || dayOf(nowMs) >= expiryDayOf(lastMs, ttlDays))
      return false
    const history = {
      shown,
      property: () => [],
      memberSinceMs: (segment: string) => (members.has(segment) ? 0 : undefined),
    }
    return ruleHolds(rule, history, { nowMs, calendar })
  }

  #shown(who: number, trait: string, nowMs: number) {
    const oldestDay = calendar.dayOf(nowMs) - TRAIT_DAYS
    const live = (this.#happened.get(`${who} ${trait}`) ?? []).filter(
      (atMs) => calendar.dayOf(atMs) >= oldestDay,
    )
    return live.sort((a, b) => a - b).map((atMs) => ({ atMs, count: 1 }))
  }
}
