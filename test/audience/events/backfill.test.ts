import { afterEach, describe, expect, test } from 'vitest'
import { packEvent } from '../../../audience/events/collected-event.ts'
import { POSITIONS } from '../../../audience/events/key-space.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { ANONYMOUS, EventWorld, SLICE_IDS, USER } from './event-world.ts'

let world: EventWorld
afterEach(() => world.close())

const PEOPLE = 80
const EVEN = { even: {}, odd: {} }

/** Half of them showed `even`, half `odd`; no rule is there yet. */
async function people(): Promise<void> {
  world = await EventWorld.open({ store: (clock) => new MemoryStore(clock) })
  await world.rules(EVEN, {})
  const events = Array.from({ length: PEOPLE }, (_, who) => world.event(`a${who}`, [(who % 2) + 1]))
  await world.store.events.append(events.map(packEvent))
  await world.settle()
}

async function members(): Promise<number> {
  let count = 0
  for (let who = 0; who < PEOPLE; who++)
    if ((await world.segments(`a${who}`)).includes(101)) count++
  return count
}

const show = () => world.desk.backfill.show(101)
const step = () => world.desk.backfill.step()

describe('a rule that is written', () => {
  test('fills its segment slice by slice, and says how far it is', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    expect(await show()).toMatchObject({ state: 'running', asked: 0, total: null, leftMs: null })
    await step()
    world.clock.wind(1_000)
    const first = (await show())!
    expect(first.asked).toBe(SLICE_IDS)
    expect(first.total).toBeGreaterThan(PEOPLE * 0.5)
    expect(first.total).toBeLessThan(PEOPLE * 2)
    expect(first.matched).toBe(await members())
    expect(first.leftMs).toBeGreaterThan(1_000)
    expect(first.leftMs).toBeLessThan(7_000)
    while (await step());
    expect(await show()).toMatchObject({
      ...{
        state: 'done',
        asked: PEOPLE,
        total: PEOPLE,
        matched: PEOPLE / 2,
        share: 1,
        leftMs: null,
      },
      endedAtMs: world.clock.now(),
    })
    expect(await members()).toBe(PEOPLE / 2)
  })

  test('a person of several ids is counted once', async () => {
    await people()
    const sameAs = (who: number) => ({ sameAs: { namespace: ANONYMOUS, value: `a${who}` } })
    await world.collect(...[0, 1, 2].map((who) => world.event('u1', [1], sameAs(who))))
    await world.rules(EVEN, { evens: { rule: 'even' } })
    await world.settle()
    expect(await show()).toMatchObject({ asked: PEOPLE - 2, matched: PEOPLE / 2 - 1 })
    expect(USER).not.toBe(ANONYMOUS)
  })

  test('that changes on the way starts anew, and the others go on', async () => {
    await people()
    const both = (rule: string) => ({ evens: { rule }, odds: { rule: 'odd' } })
    await world.rules(EVEN, both('even'))
    await step()
    await step()
    await world.rules(EVEN, both('odd'))
    await step()
    expect(await show()).toMatchObject({ asked: SLICE_IDS })
    const other = (await world.desk.backfill.show(102))!
    expect(other.asked).toBe(3 * SLICE_IDS)
    await world.settle()
    expect(await show()).toMatchObject({ state: 'done', asked: PEOPLE, matched: PEOPLE / 2 })
    expect(await world.segments('a0')).toEqual([])
    expect(await world.segments('a1')).toEqual([101, 102])
  })

  test('that changes in nothing but its spelling is not asked again', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    await world.settle()
    const before = await show()
    await world.rules(EVEN, { evens: { rule: 'FREQUENCY([even]) >= 1' } })
    expect(await show()).toEqual(before)
  })

  test('takes its people out where it is taken away', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    await world.settle()
    await world.rules(EVEN, { evens: { rule: '' } })
    await step()
    expect((await show())!.state).toBe('running')
    await world.settle()
    expect([await show(), await members()]).toEqual([undefined, 0])
  })
})

describe('a backfill that is paused', () => {
  test('stays where it is while events are felt, and goes on from there', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    await step()
    expect(await world.desk.backfill.pause(101)).toBe(true)
    expect(await world.desk.backfill.pause(101)).toBe(false)
    const paused = (await show())!
    const before = await members()
    await world.settle()
    expect([(await show())!.state, (await show())!.asked, await members()]).toEqual([
      ...['paused', paused.asked],
      before,
    ])
    await world.collect(world.event('new', [1]))
    expect(await world.segments('new')).toEqual([101])
    expect(await world.desk.backfill.resume(101)).toBe(true)
    await world.settle()
    expect(await members()).toBe(PEOPLE / 2)
    expect((await show())!.asked).toBeGreaterThanOrEqual(PEOPLE)
  })

  test('is paused for whichever desk of the store fills it, and goes on at all of them', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    await step()
    await world.desk.backfill.save()
    const other = world.anotherDesk()
    expect(await other.backfill.pause(101)).toBe(true)
    expect((await show())!.state).toBe('paused')
    const { asked } = (await show())!
    while (await step());
    await world.desk.backfill.save()
    const states = async () => [(await show())!.state, (await other.backfill.show(101))!.state]
    expect([await states(), (await show())!.asked]).toEqual([['paused', 'paused'], asked])
    expect(await world.desk.backfill.resume(101)).toBe(true)
    expect(await states()).toEqual(['running', 'running'])
    await other.close()
  })

  test('within a second also where nobody asks how far it is', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    await step()
    const other = world.anotherDesk()
    await other.backfill.pause(101)
    world.clock.wind(1_000)
    expect(await step()).toBe(false)
    await other.close()
  })

  test('has done with what was in hand when it is said to be paused', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    const inHand = step()
    await world.desk.backfill.show(101)
    expect(await world.desk.backfill.pause(101)).toBe(true)
    const paused = await show()
    await inHand
    expect(await show()).toEqual(paused)
    expect(paused!.asked).toBe(SLICE_IDS)
  })

  test('is paused by the rule of that moment: where that goes and comes back, it is filled by anew', async () => {
    await people()
    const [even, odd, none] = ['even', 'odd', ''].map((rule) => ({ evens: { rule } }))
    await world.rules(EVEN, even!)
    await step()
    await world.desk.backfill.pause(101)
    for (const rules of [odd!, even!]) {
      await world.rules(EVEN, rules)
      await world.settle()
      expect([(await show())!.state, await members()]).toEqual(['done', PEOPLE / 2])
    }
    await world.rules(EVEN, none!)
    await world.desk.backfill.pause(101)
    for (const [rules, people] of [
      [odd!, PEOPLE / 2],
      [none!, 0],
    ] as const) {
      await world.rules(EVEN, rules)
      await world.settle()
      expect(await members()).toBe(people)
    }
  })

  test('stays so for another desk that hears of its rule later', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    const other = world.anotherDesk()
    await other.backfill.pause(101)
    await world.rules(EVEN, { evens: { rule: 'odd' } })
    expect(await world.desk.backfill.pause(101)).toBe(true)
    expect((await other.backfill.show(101))!.state).toBe('paused')
    await world.settle()
    expect((await show())!.state).toBe('paused')
    await other.close()
  })

  test('does not hold up another', async () => {
    await people()
    const rules = { evens: { rule: 'even' }, odds: { rule: 'odd' } }
    await world.rules(EVEN, rules)
    await step()
    await world.desk.backfill.pause(101)
    await world.settle()
    expect((await world.desk.backfill.show(102))!.state).toBe('done')
    expect((await show())!.share).toBeLessThan(0.5)
  })
})

describe('the end of the process', () => {
  test('leaves a job where it was, and a pause paused', async () => {
    await people()
    const rules = { evens: { rule: 'even' }, odds: { rule: 'odd' } }
    await world.rules(EVEN, rules)
    await step()
    await step()
    await world.desk.backfill.pause(102)
    const before = [await show(), await world.desk.backfill.show(102)]
    await world.desk.close()
    await world.start({ isFilled: false })
    const after = [await show(), await world.desk.backfill.show(102)]
    const kept = ({ asked, matched, share, startedAtMs }: NonNullable<(typeof before)[0]>) => ({
      ...{ asked, matched, share, startedAtMs },
    })
    expect(after.map((one) => kept(one!))).toEqual(before.map((one) => kept(one!)))
    expect(after.map((one) => one!.state)).toEqual(['running', 'paused'])
    await world.settle()
    expect(await show()).toMatchObject({ state: 'done', asked: PEOPLE })
  })

  test('a job that cannot be read is begun anew', async () => {
    await people()
    await world.rules(EVEN, { evens: { rule: 'even' } })
    await world.settle()
    await world.store.histories.keepJobs(new Map([[101, Buffer.from('{"at":')]]))
    await world.desk.close()
    await world.start({ isFilled: false })
    expect(await show()).toMatchObject({ state: 'running', asked: 0 })
  })
})

test('positions are six bytes: every key lies before their end', () => {
  expect(Buffer.alloc(16, 255).readUIntBE(0, 6)).toBe(POSITIONS - 1)
})
