import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../audience/limits.ts'
import { type EdgeRequest, type LinkDeps, Links } from '../../../audience/people/link.ts'
import { keys, openWorld, singles } from './world.ts'

const LATER = 30_000
const WEB = 9
const CRM = 10

type End = [namespace: number, value: string]

function request(a: End, b: End, more: Partial<EdgeRequest> = {}): EdgeRequest {
  return {
    a: { namespace: a[0], value: a[1] },
    b: { namespace: b[0], value: b[1] },
    owner: 0,
    method: 0,
    firstSeenDay: 1,
    lastSeenDay: 1,
    expiryDay: LATER,
    ...more,
  }
}

function open() {
  const world = openWorld()
  const { store, clock } = world
  const deps: LinkDeps = { store, clock, keys, rules: singles(CRM) }
  const links = new Links()
  const link = async (...requests: EdgeRequest[]) =>
    (await links.link(deps, requests)).map((outcome) => (outcome.ok ? 'ok' : outcome.reason))
  const unlink = (a: End, b: End) => links.unlink(deps, [request(a, b)])
  return { ...world, link, unlink }
}

describe('link', () => {
  it('keeps a match at both ends', async () => {
    const { link, ask } = open()
    expect(await link(request([WEB, 'a'], [WEB, 'b'], { owner: 4 }))).toEqual(['ok'])
    for (const name of ['a', 'b']) {
      const { view } = await ask(name)
      expect([view.nodes, view.edges, view.edgeOwner[0]]).toEqual([2, 1, 4])
    }
  })

  it('refuses an id with itself, also where it is only written differently', async () => {
    const { link } = open()
    expect(await link(request([WEB, 'a'], [WEB, 'a']))).toEqual(['self'])
    expect(await link(request([1, 'ABC'], [1, 'abc']))).toEqual(['self'])
  })

  it('refuses what is no id', async () => {
    const { link, store } = open()
    const bad = ['', 'x'.repeat(513), 'a\nb', '\u0000']
    for (const value of bad)
      expect(await link(request([WEB, value], [WEB, 'b']))).toEqual(['bad_value'])
    expect(await link(request([WEB, 'b'], [1, '000-0']))).toEqual(['bad_value'])
    expect(await store.changesEnd()).toBe('0')
  })

  it('refuses to join two values of a namespace that allows one, however far apart, in any order', async () => {
    const { link, ask } = open()
    expect(
      await link(
        request([CRM, '1'], [WEB, 'a']),
        request([WEB, 'b'], [CRM, '2']),
        request([WEB, 'a'], [WEB, 'c']),
        request([WEB, 'c'], [WEB, 'b']),
        request([CRM, '1'], [CRM, '2']),
        request([WEB, 'c'], [CRM, '1']),
      ),
    ).toEqual(['ok', 'ok', 'ok', 'one_per_person', 'one_per_person', 'ok'])
    expect(await link(request([WEB, 'c'], [WEB, 'b']))).toEqual(['one_per_person'])
    expect((await ask('b')).view.nodes).toBe(2)
  })

  it('refuses a person of more than 64 ids, and moves nothing', async () => {
    const { link, ask } = open()
    const chain = (prefix: string, count: number) =>
      Array.from({ length: count - 1 }, (_, i) =>
        request([WEB, `${prefix}${i}`], [WEB, `${prefix}${i + 1}`]),
      )
    const refused = 'too_many_ids'
    const first = await link(...chain('a', LIMITS.idsPerPersonMax + 1))
    expect([first.lastIndexOf('ok'), first.at(-1)]).toEqual([first.length - 2, refused])
    await link(...chain('b', 30))
    expect(await link(request([WEB, 'a0'], [WEB, 'b0']))).toEqual([refused])
    expect(await link(request([WEB, 'a0'], [WEB, 'a9']))).toEqual(['ok'])
    expect([(await ask('a5')).view.nodes, (await ask('b5')).view.nodes]).toEqual([64, 30])
  })

  it('counts only matches that hold today', async () => {
    const { link, today, clock } = open()
    await link(request([CRM, '1'], [WEB, 'a'], { expiryDay: today() + 1 }))
    expect(await link(request([CRM, '2'], [WEB, 'a']))).toEqual(['one_per_person'])
    clock.wind(86_400_000)
    expect(await link(request([CRM, '2'], [WEB, 'a']))).toEqual(['ok'])
  })

  it('keeps matches of different owners apart, and bounds how many one id has', async () => {
    const { link, ask } = open()
    const owners = Array.from({ length: LIMITS.edgesPerIdMax }, (_, owner) =>
      request([WEB, 'a'], [WEB, 'b'], { owner }),
    )
    expect(new Set(await link(...owners))).toEqual(new Set(['ok']))
    expect(await link(request([WEB, 'b'], [WEB, 'c']))).toEqual(['too_many_matches'])
    expect(await link(request([WEB, 'b'], [WEB, 'a'], { owner: 3 }))).toEqual(['ok'])
    expect((await ask('a')).view.edges).toBe(LIMITS.edgesPerIdMax)
  })

  it('removes a match from both ends, and what it made possible', async () => {
    const { link, unlink, recall, ask } = open()
    await link(request([CRM, '1'], [WEB, 'a']), request([WEB, 'a'], [WEB, 'b']))
    await unlink([WEB, 'b'], [WEB, 'a'])
    await unlink([WEB, 'never'], [WEB, 'seen'])
    recall.forgetAll()
    expect([(await ask('a')).view.nodes, (await ask('b')).word]).toEqual([2, 'stranger'])
    expect(await link(request([CRM, '2'], [WEB, 'b']))).toEqual(['ok'])
  })

  it('decides one batch after the other', async () => {
    const { link, store } = open()
    store.isAsync = true
    const both = [link(request([CRM, '1'], [WEB, 'a'])), link(request([CRM, '2'], [WEB, 'a']))]
    expect(await Promise.all(both)).toEqual([['ok'], ['one_per_person']])
    store.failure = new Error('gone')
    await expect(link(request([WEB, 'x'], [WEB, 'y']))).rejects.toThrow('gone')
    store.failure = undefined
    expect(await link(request([WEB, 'x'], [WEB, 'y']))).toEqual(['ok'])
  })
})
