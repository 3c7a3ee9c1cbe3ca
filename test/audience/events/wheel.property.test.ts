import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import { expiryDayOf } from '../../../audience/people/memberships.ts'
import { checkExpression } from '../../../audience/rules/check-expression.ts'
import { type Expression, traitsOf } from '../../../audience/rules/expression.ts'
import { printExpression } from '../../../audience/rules/print-expression.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { memberRule, TRAITS, traitRule } from '../rules/arbitrary-rule.ts'
import { EventWorld } from './event-world.ts'
import { DAYS, RuleOracle, TRAIT_DAYS } from './rule-oracle.ts'

/** Through the desk and a store; a hundred thousand without are in wheel.test.ts. */
const PEOPLE = 10
const LIVES = 60
const HOUR_MS = 3_600_000

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
        const oracle = new RuleOracle(clientRule, vipClientRule)
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
    { numRuns: LIVES },
  )
}, 300_000)

function anonymous(who: number) {
  return { namespace: 11, value: `a${who}` }
}
