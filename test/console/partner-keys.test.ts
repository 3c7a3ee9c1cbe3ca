import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

let world: ConsoleWorld
let dsp: string
let dmp: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await world.partner('other', { roles: ['dsp', 'data_provider'] })
  await world.segment('theirs', 'other')
  const foreign = contractBody({ seller: 'other', buyer: 'ssp', segments: ['theirs'] })
  await world.must('PUT', '/api/contracts/theirs', { body: foreign })
  await world.must('PUT', '/api/deals/theirs', {
    body: { name: 'x', seller: 'other', exchange: 'ssp' },
  })
  await world.must('PUT', '/api/namespaces/eid.example', { body: { kind: 'eid' } })
  await world.must('PUT', '/api/namespaces/theirs.example', {
    body: { kind: 'eid', owner: 'other' },
  })
  dsp = await world.key('dsp')
  dmp = await world.key('dmp')
})
afterAll(() => world.close())

describe('a partner key', () => {
  test('is let in with scope data or desk, and not with others, nor paused', async () => {
    const bid = await world.key('other', ['bid', 'wire:xandr'])
    expect((await world.ask('GET', '/api/partners/other', { token: bid })).status).toBe(401)
    const data = await world.key('other', ['data'])
    expect((await world.ask('GET', '/api/partners/other', { token: data })).status).toBe(200)
    await world.partner('other', { roles: ['dsp', 'data_provider'], status: 'paused' })
    expect((await world.ask('GET', '/api/partners/other', { token: data })).status).toBe(401)
    await world.partner('other', { roles: ['dsp', 'data_provider'] })
  })

  test('sees its own side only', async () => {
    const ids = async (what: string, token: string) =>
      (await world.must('GET', `/api/${what}`, { token })).items.map(
        (item: Body) => item.id ?? item.name,
      )
    expect(await ids('partners', dsp)).toEqual(['dsp'])
    expect(await ids('contracts', dsp)).toEqual(['autumn'])
    expect(await ids('segments', dsp)).toEqual(['cars'])
    expect(await ids('segments', dmp)).toEqual(['boats', 'cars'])
    expect(await ids('deals', dmp)).toEqual(['premium'])
    expect(await ids('namespaces', dmp)).toEqual(['dmp'])
    for (const path of [
      'partners/other',
      'contracts/theirs',
      'segments/theirs',
      'deals/theirs',
      'partners/other/keys',
    ])
      expect([path, (await world.ask('GET', `/api/${path}`, { token: dsp })).status]).toEqual([
        path,
        404,
      ])
    expect((await world.ask('GET', '/api/audit', { token: dsp })).status).toBe(403)
  })

  test('writes to nothing that is not its own, and nothing of the exchange’s', async () => {
    const shown = async (path: string) => (await world.ask('GET', path)).body
    const paths = [
      'partners/other',
      'segments/theirs',
      'contracts/theirs',
      'deals/theirs',
      'namespaces/theirs.example',
      'partners/dsp',
      'segments/cars',
      'contracts/autumn',
      'deals/premium',
      'namespaces/eid.example',
    ]
    for (const path of paths) {
      const before = await shown(`/api/${path}`)
      for (const method of ['PUT', 'DELETE']) {
        const { status } = await world.ask(method, `/api/${path}`, { token: dsp, body: before })
        const isMissing = method === 'DELETE' && /contracts|namespaces/.test(path)
        const isOwnDraft = path === 'contracts/autumn' && method === 'PUT'
        const allowed = isMissing ? [405] : isOwnDraft ? [403, 404] : [403, 404, 409]
        expect(allowed, `${method} ${path}: ${status}`).toContain(status)
      }
      expect(await shown(`/api/${path}`)).toEqual(before)
    }
    for (const step of ['sign', 'pause', 'revoke'])
      expect(
        (await world.ask('POST', `/api/contracts/theirs/${step}`, { token: dsp })).status,
      ).toBe(404)
    for (const partner of ['dsp', 'other'])
      expect([403, 404]).toContain(
        (await world.ask('POST', `/api/partners/${partner}/keys`, { token: dsp, body: {} })).status,
      )
  })

  test('puts its own ids into its own segments, and nobody else’s into anything', async () => {
    const line = (source: string, segment: string) => ({ source, uid: 'p', add: [segment] })
    const lines = [
      line('dmp', 'cars'),
      line('dsp', 'cars'),
      line('dmp', 'theirs'),
      line('ifa', 'cars'),
      line('eid.example', 'cars'),
      { source: 'dmp', uid: 'p', remove: ['theirs'] },
    ]
    const { body } = await world.import('memberships', lines, { token: dmp })
    expect(body.accepted).toBe(1)
    expect(body.errors.map(({ line }: Body) => line)).toEqual([2, 3, 4, 5, 6])
    expect(await world.memberships('dsp', 'p')).toBe('')
    // What is not there and what is somebody else's are answered alike.
    const guess = await world.import('memberships', [line('dmp', 'nothing')], { token: dmp })
    expect(guess.body.errors[0].reason.replace('nothing', 'theirs')).toBe(body.errors[1].reason)
    const replace = '/api/memberships?segment=theirs&mode=replace'
    expect((await world.ask('POST', replace, { token: dmp, raw: '' })).status).toBe(404)
  })

  test('binds its own ids to each other and to common ones, and owns those matches', async () => {
    const match = (a: string, b: string, more: object = {}) => ({
      source: a,
      uid: `${a}-1`,
      with: { source: b, uid: `${b}-2` },
      ...more,
    })
    const lines = [
      match('dmp', 'eid.example'),
      match('dmp', 'ifa'),
      match('dmp', 'dsp'),
      match('dmp', 'theirs.example'),
      match('eid.example', 'ifa'),
      match('dsp', 'other'),
      match('dmp', 'eid.example', { remove: true }),
      match('dmp', 'dmp'),
    ]
    const { body } = await world.import('matches', lines, { token: dmp })
    expect(body.errors.map(({ line }: Body) => line)).toEqual([3, 4, 5, 6, 7])
    const { number } = world.exchange.catalog()!.partner('dmp')!
    expect(await world.matches('dmp', 'dmp-1')).toBe(
      [`dmp-2/${number}`, `eid.example-2/${number}`, `ifa-2/${number}`].join(' '),
    )
    const operator = await world.import('matches', [match('dsp', 'other')])
    expect(operator.body.accepted).toBe(1)
    expect(await world.matches('dsp', 'dsp-1')).toBe('other-2/0')
  })
})
