import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { packEvent } from '../../../audience/events/collected-event.ts'
import { followChanges } from '../../../audience/people/follow-changes.ts'
import { patiently } from '../../support/patiently.ts'
import { becomes, reached, redisWorld } from '../store/redis-world.ts'
import { EventWorld } from './event-world.ts'

const redis = redisWorld()
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A desk over Redis that would look for events once in eleven days, and what is written by others there. */
async function slowDesk() {
  const server = await redis.server()
  const world = await EventWorld.open({ address: server.url })
  ends.push(() => world.close())
  await world.rules({ search: {} }, { intenders: { rule: 'search' } })
  await world.settle()
  const others = await redis.store(server.url)
  const collectThere = (about: string) => others.events.append([packEvent(world.event(about, [1]))])
  return { server, world, others, collectThere }
}

test('what another process collects is a membership at once, however seldom the desk looks', async () => {
  const { world, collectThere } = await slowDesk()
  for (const id of ['a1', 'a2', 'a3']) {
    await collectThere(id)
    await patiently(async () => expect(await world.segments(id)).toEqual([101]))
  }
  await patiently(async () => expect(await world.store.events.depth()).toBe(0))
  expect(world.desk.counts()).toMatchObject({ counted: 3, repeated: 0, failures: 0 })
})

test('many that come at once are all taken, each once', async () => {
  const { world, collectThere } = await slowDesk()
  const ids = Array.from({ length: 40 }, (_, i) => `a${i}`)
  await Promise.all(ids.map(collectThere))
  await patiently(() => expect(world.desk.counts().counted).toBe(40))
  for (const id of ids) expect(await world.segments(id)).toEqual([101])
  expect(world.desk.counts().repeated).toBe(0)
})

test('whoever follows changes is told of a membership at once, however seldom it looks', async () => {
  const { world, collectThere, server } = await slowDesk()
  const { people } = await redis.store(server.url)
  const told: string[][] = [[], []]
  for (const mine of told) {
    const follower = followChanges({
      ...{ store: people, clock: systemClock, pollMs: 1e9 },
      onChange: ({ key, added }) => mine.push(`${key.toString('hex')} ${added}`),
      onGap: () => {},
    })
    ends.push(() => follower.close())
    await follower.poke()
    // From its second look on it knows where the log ends.
    await follower.poke()
  }
  const keys = ['a1', 'a2', 'a3'].map((id) => world.audience.userKeys()!.of(11, id).toString('hex'))
  for (const [i, id] of ['a1', 'a2', 'a3'].entries()) {
    await collectThere(id)
    await patiently(() => {
      for (const mine of told) expect(mine).toEqual(keys.slice(0, i + 1).map((key) => `${key} 101`))
    })
  }
})

test('a desk whose Redis was away looks for itself until it would be told again', async () => {
  const { server, world, others, collectThere } = await slowDesk()
  const { events } = world.store
  await becomes(() => events.isQuiet!())
  await server.kill()
  await becomes(() => !events.isQuiet!())
  await server.restart()
  await reached(others)
  await patiently(() => collectThere('a1'))
  // The bell finds Redis again by itself.
  await patiently(async () => expect(await world.segments('a1')).toEqual([101]))
  await becomes(() => events.isQuiet!())
})
