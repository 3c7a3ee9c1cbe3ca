import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import { packEvent } from '../../../audience/events/collected-event.ts'
import { checkExpression } from '../../../audience/rules/check-expression.ts'
import type { Expression } from '../../../audience/rules/expression.ts'
import { printExpression } from '../../../audience/rules/print-expression.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { TRAITS, traitRule } from '../rules/arbitrary-rule.ts'
import { EventWorld, SLICE_IDS } from './event-world.ts'

// Rules that change while people are asked, and events that come meanwhile, in whatever order and at once.

/** More than some slices hold. */
const PEOPLE = 3 * SLICE_IDS
const isSound = (tree: Expression) => checkExpression(tree, '', 'person').length === 0
const rule = traitRule.filter(isSound).map(printExpression)

type Turn =
  | { turn: 'events'; of: { who: number; trait: number }[] }
  | { turn: 'rule'; segment: 0 | 1; rule: string }
  | { turn: 'slice' }
  | { turn: 'pause' | 'resume'; segment: 0 | 1 }
  | { turn: 'pass'; ms: number }

const segment = fc.constantFrom(0 as const, 1 as const)
const happening = fc.record({ who: fc.nat(PEOPLE - 1), trait: fc.nat(TRAITS.length - 1) })
const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({ turn: fc.constant('events' as const), of: fc.array(happening, { maxLength: 40 }) }),
  fc.record({
    turn: fc.constant('rule' as const),
    segment,
    rule: fc.oneof({ weight: 5, arbitrary: rule }, { weight: 1, arbitrary: fc.constant('') }),
  }),
  { weight: 4, arbitrary: fc.constant({ turn: 'slice' as const }) },
  fc.record({ turn: fc.constantFrom('pause' as const, 'resume' as const), segment }),
  fc.record({ turn: fc.constant('pass' as const), ms: fc.nat(2 * DAY_MS) }),
)
/** What is in one list happens at once. */
const life = fc.array(fc.array(turn, { minLength: 1, maxLength: 4 }), {
  minLength: 4,
  maxLength: 16,
})

test('whatever comes between the slices, in the end everybody is where a full evaluation says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(rule, rule), life, async (first, turns) => {
      const world = await EventWorld.open({ store: (clock) => new MemoryStore(clock) })
      const rules = [...first]
      try {
        await changeRules(world, rules)
        await queue(world, everybody())
        await world.desk.poke()
        for (const atOnce of turns) await Promise.all(atOnce.map((one) => take(world, rules, one)))
        for (const one of [101, 102]) await world.desk.backfill.resume(one)
        await world.settle()
        const found = await membersOf(world)
        expect(found).toEqual(await evaluatedAnew(world, rules))
        for (const [i, text] of rules.entries()) {
          const shown = await world.desk.backfill.show(101 + i)
          if (text !== '') expect(shown).toMatchObject({ state: 'done', share: 1 })
        }
      } finally {
        await world.close()
      }
    }),
    { numRuns: 40 },
  )
}, 300_000)

function everybody() {
  return Array.from({ length: PEOPLE }, (_, who) => ({ who, trait: who % TRAITS.length }))
}

async function take(world: EventWorld, rules: string[], one: Turn): Promise<void> {
  const { backfill } = world.desk
  switch (one.turn) {
    case 'slice':
      await backfill.step()
      return
    case 'pass':
      return world.pass(one.ms)
    case 'rule':
      rules[one.segment] = one.rule
      return changeRules(world, rules)
    case 'events':
      await queue(world, one.of)
      return world.desk.poke()
    default:
      await backfill[one.turn](101 + one.segment)
  }
}

function queue(world: EventWorld, of: readonly { who: number; trait: number }[]): Promise<void> {
  const events = of.map(({ who, trait }) => world.event(`a${who}`, [trait + 1]))
  return world.store.events.append(events.map(packEvent))
}

function changeRules(world: EventWorld, [first, second]: readonly string[]): Promise<void> {
  const traits = Object.fromEntries(TRAITS.map((id) => [id, { ttlDays: 20 }]))
  return world.rules(traits, {
    one: { rule: first!, ttlDays: 30 },
    two: { rule: second!, ttlDays: 30 },
  })
}

async function membersOf(world: EventWorld): Promise<Record<string, number[]>> {
  const members: Record<string, number[]> = {}
  for (let who = 0; who < PEOPLE; who++) members[who] = await world.segments(`a${who}`)
  return members
}

/** Another desk, which knows of nothing that happened, asks everybody by the rules as they are. */
async function evaluatedAnew(world: EventWorld, rules: readonly string[]) {
  await changeRules(world, ['', ''])
  await world.settle()
  const nobody = await membersOf(world)
  expect(Object.values(nobody).flat()).toEqual([])
  await changeRules(world, rules)
  await world.desk.close()
  await world.start()
  return membersOf(world)
}
