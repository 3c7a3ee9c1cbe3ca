import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeHouse, OPERATOR, type TestBrowser } from '../../support/edge-house.ts'

// Two instances, each a partner of the other: people on a page of one are matched in both tables, and no id
// of either is known to the other.

const PEOPLE = 1_000
const AT_ONCE = 50
const SECRET = 'a secret that both instances were told'.repeat(2).replaceAll(' ', '-')

let north: EdgeHouse
let south: EdgeHouse

beforeAll(async () => {
  north = await EdgeHouse.open({ edgeUrl: 'https://north.test' })
  south = await EdgeHouse.open({ edgeUrl: 'https://south.test' })
  for (const [house, other, self] of [
    [north, 'south', 'north'],
    [south, 'north', 'south'],
  ] as const) {
    const url = `https://${other}.test/match?p=${self}&uid={uid}&ts={ts}&s={sig}&gdpr={gdpr}&gdpr_consent={gdpr_consent}&redir={redirect}`
    const sync = { redirect: { url, userMacro: '$UID' }, allowedRedirectHosts: [`${other}.test`] }
    await house.partners({ [other]: { roles: ['dmp', 'data_provider'], sync } })
    const derive = (label: string, bytes: number) => house.audience.deriveKey(label, bytes)!
    const body = { secret: SECRET }
    await house.exchange.desk.makeMatchSecretFor(OPERATOR, { partner: other, body, derive })
    await house.exchange.deskDeps.feed.poke()
  }
})
afterAll(async () => {
  await north.close()
  await south.close()
})

/** One person, with a jar for each of the two. */
class Person {
  readonly at: Record<string, TestBrowser> = {
    'north.test': north.browser(),
    'south.test': south.browser(),
  }
  /** Every address the browser saw. */
  readonly seen: string[] = []

  async follow(url: string): Promise<number> {
    for (let to = url; ; ) {
      this.seen.push(to)
      const { host, pathname, search } = new URL(to)
      const answer = await this.at[host]!.ask('GET', pathname + search)
      if (answer.status !== 302) return answer.status
      to = answer.headers['location'] as string
    }
  }
}

test(`${PEOPLE} people on a page of one are matched in both, over one redirect there and one back`, async () => {
  const pairs: { northId: string; southId: string }[] = []
  for (let from = 0; from < PEOPLE; from += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, async () => {
      const person = new Person()
      const urls = await person.at['north.test']!.urls({ bidders: ['south'] })
      expect(await person.follow(urls['south']!)).toBe(200)
      expect(person.seen.map((url) => new URL(url).pathname)).toEqual([
        '/sync',
        '/match',
        '/setuid',
      ])
      return {
        northId: new URL(person.seen[1]!).searchParams.get('uid')!,
        southId: new URL(person.seen[2]!).searchParams.get('uid')!,
      }
    })
    pairs.push(...(await Promise.all(batch)))
  }
  const [northIds, southIds] = [pairs.map((one) => one.northId), pairs.map((one) => one.southId)]
  expect(new Set([...northIds, ...southIds]).size).toBe(2 * PEOPLE)
  // Each keeps the other's ids, and nothing of its own is there.
  for (let from = 0; from < PEOPLE; from += 100) {
    const part = <T>(list: T[]) => list.slice(from, from + 100)
    expect(await north.matched('south', part(southIds))).toEqual(part(southIds))
    expect(await south.matched('north', part(northIds))).toEqual(part(northIds))
    expect(await north.matched('south', part(northIds))).toEqual([])
  }
})

test('matched once, they are not asked again from either side', async () => {
  const person = new Person()
  const urls = await person.at['north.test']!.urls({ bidders: ['south'] })
  await person.follow(urls['south']!)
  for (const [host, bidder] of [
    ['north.test', 'south'],
    ['south.test', 'north'],
  ] as const)
    expect((await person.at[host]!.plan({ bidders: [bidder] })).bidder_status).toEqual([])
})

test('a page cannot use the address it was given to bind somebody else', async () => {
  const [victim, thief] = [new Person(), new Person()]
  await victim.at['north.test']!.plan({})
  const urls = await thief.at['north.test']!.urls({ bidders: ['south'] })
  expect(await victim.follow(urls['south']!)).toBe(400)
})
