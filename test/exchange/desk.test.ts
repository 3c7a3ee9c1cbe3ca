import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Actor, contractBody, OPERATOR, refusal, refusedFields, World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await World.open()
  await world.partner('dmp')
  await world.partner('dsp')
  await world.partner('other')
  await world.segment('cars', 'dmp')
  await world.segment('theirs', 'other')
})
afterEach(() => world.close())

const DMP: Actor = { operator: true, partner: 'dmp' }
const DSP_KEY: Actor = { operator: false, partner: 'dsp' }
const DMP_KEY: Actor = { operator: false, partner: 'dmp' }
const OTHER: Actor = { operator: true, partner: 'other' }
const partner = { name: 'A', domain: 'a.example', roles: ['dsp'], region: 'US' }

describe('partners', () => {
  test('a partner comes with a namespace of its own name, numbered beyond ifa', async () => {
    expect(world.desk.getNamespace(OPERATOR, 'dsp').value).toEqual({
      name: 'dsp',
      kind: 'partner',
      owner: 'dsp',
    })
    const numbers = ['dsp', 'dmp'].map((id) => world.exchange.catalog()!.partner(id)!.namespace)
    expect(new Set(numbers).size).toBe(2)
    expect(Math.min(...numbers)).toBeGreaterThan(1)
  })

  test('what was read can be sent back, and changes nothing', async () => {
    const { value, version } = world.desk.getPartner(OPERATOR, 'dsp')
    const again = await world.desk.putPartner(OPERATOR, { id: 'dsp', body: value })
    expect(again).toEqual({ value, version, created: false })
  })

  test('null and absent mean the same', async () => {
    const body = { ...partner, gvlId: null, sync: { redirect: null } }
    const { value } = await world.desk.putPartner(OPERATOR, { id: 'new', body })
    expect(value).toEqual({ ...partner, id: 'new', status: 'active', sync: {} })
  })

  test('every field at fault is named', async () => {
    const body = { domain: 'no domain', roles: ['boss'], region: 'US', colour: 1, gvlId: 0 }
    const refused = await refusedFields(() => world.desk.putPartner(OPERATOR, { id: 'x', body }))
    expect(refused.split(' ').sort()).toEqual(
      ['colour', 'domain', 'gvlId', 'invalid', 'name', 'roles.0'].sort(),
    )
  })

  test('a region that is no country is unprocessable, since the GDPR hangs on it', async () => {
    for (const region of ['EUR', 'ZZ', 'E1'])
      expect(
        await refusedFields(() =>
          world.desk.putPartner(OPERATOR, { id: 'x', body: { ...partner, region } }),
        ),
      ).toMatch(/^(unprocessable|invalid) region$/)
    for (const region of ['EU', 'eea', 'UK', 'DEU', 'us'])
      await world.desk.putPartner(OPERATOR, { id: 'x', body: { ...partner, region } })
  })

  test('__proto__ is an unknown field like any other', async () => {
    const body = JSON.parse(JSON.stringify(partner).replace('{', '{"__proto__":{"a":1},'))
    expect(await refusedFields(() => world.desk.putPartner(OPERATOR, { id: 'x', body }))).toBe(
      'invalid __proto__',
    )
  })

  test('a sync object of the outer contract is kept as it was given', async () => {
    const sync = {
      redirect: { url: 'https://a.example/s?gdpr={gdpr}&r={redirect}', userMacro: '$UID' },
      ttlDays: 14,
      route: ['dmp'],
    }
    const { value } = await world.desk.putPartner(OPERATOR, { id: 'x', body: { ...partner, sync } })
    expect(value.sync).toEqual(sync)
  })

  test('two fields of protobuf on one number are unprocessable', async () => {
    const put = (protobuf: object) => {
      const body = { ...partner, settings: { wires: { protobuf } } }
      return refusedFields(() => world.desk.putPartner(OPERATOR, { id: 'x', body }))
    }
    const field = (name: string) => `settings.wires.protobuf.${name}`
    expect(await put({ segtax: 500, token: 500 })).toBe(`unprocessable ${field('token')}`)
    expect(await put({ token: 501, segtax: 'legacy', seats: 501 })).toBe(
      `unprocessable ${field('seats')}`,
    )
    await world.desk.putPartner(OPERATOR, {
      id: 'x',
      body: {
        ...partner,
        settings: { wires: { protobuf: { segtax: 500, token: 501, seats: 502 } } },
      },
    })
  })

  test('a macro nobody fills and a route to nowhere are unprocessable', async () => {
    const sync = { iframe: { url: 'https://a.example/{gdprr}', userMacro: '' }, route: ['gone'] }
    const body = { ...partner, sync }
    expect(await refusedFields(() => world.desk.putPartner(OPERATOR, { id: 'x', body }))).toBe(
      'unprocessable sync.route.0 sync.iframe.url',
    )
  })

  test('a name taken by another namespace is a conflict', async () => {
    await world.desk.putNamespace(OPERATOR, { name: 'taken', body: { kind: 'eid' } })
    for (const id of ['taken', 'ifa', 'exchange'])
      expect(
        await refusedFields(() => world.desk.putPartner(OPERATOR, { id, body: partner })),
      ).toBe('conflict id')
  })

  test('one that others rest on is not deleted, and they are named', async () => {
    await world.contract('autumn', contractBody())
    const { word, problems } = await refusal(() =>
      world.desk.deletePartner(OPERATOR, { id: 'dmp' }),
    )
    expect(word).toBe('conflict')
    expect(problems.map(({ reason }) => reason)).toEqual([
      'segment cars still rests on it',
      'contract autumn still rests on it',
    ])
  })

  test('one that nothing rests on goes with its keys and its namespace', async () => {
    await world.desk.createKey(OPERATOR, { partner: 'dsp', body: {} })
    await world.desk.deletePartner(OPERATOR, { id: 'dsp' })
    const left = [...world.feed.current()!.records()].filter(
      ({ id, value }) => id === 'dsp' || (value as { partner?: string }).partner === 'dsp',
    )
    expect(left).toEqual([])
  })

  test('a revoked contract holds nobody', async () => {
    await world.contract('autumn', contractBody())
    await world.desk.revokeContract(OPERATOR, { id: 'autumn' })
    await world.desk.deletePartner(OPERATOR, { id: 'dsp' })
    expect(world.exchange.catalog()!.partner('dsp')).toBeUndefined()
  })
})

describe('writes', () => {
  test('If-Match of another version is refused, of the current one honoured', async () => {
    const { version } = world.desk.getPartner(OPERATOR, 'dsp')
    const put = (ifMatch: number) =>
      world.desk.putPartner(OPERATOR, { id: 'dsp', body: { ...partner, name: 'B' }, ifMatch })
    expect(await refusedFields(() => put(version + 1))).toBe('precondition_failed')
    expect((await put(version)).version).toBeGreaterThan(version)
  })

  test('two writers at once both come through, one after the other', async () => {
    const names = ['A', 'B', 'C', 'D']
    await Promise.all(
      names.map((name) =>
        world.desk.putPartner(OPERATOR, { id: 'dsp', body: { ...partner, name } }),
      ),
    )
    expect(names).toContain(world.desk.getPartner(OPERATOR, 'dsp').value.name)
  })

  test('with a name that could forge a line of a list is refused', async () => {
    const named = (name: string) =>
      world.desk.putPartner(OPERATOR, { id: 'forger', body: { ...partner, name } })
    await expect(named('A\nB')).rejects.toThrow('name')
    await expect(named('Société Générale №1')).resolves.toMatchObject({ created: true })
  })

  test('one object made twice at once is made once, under one number', async () => {
    const body = { name: 'S', owner: 'dmp', provenance: 'first_party', ttlDays: 1 }
    const both = await Promise.all([
      world.desk.putSegment(OPERATOR, { id: 's', body }),
      world.desk.putSegment(OPERATOR, { id: 's', body }),
    ])
    expect(both.map(({ created }) => created).sort()).toEqual([false, true])
  })

  test('an id of another form is refused', async () => {
    for (const id of ['', 'A', '-a', 'a.b', 'a'.repeat(64), '__proto__'])
      expect(
        await refusedFields(() => world.desk.putPartner(OPERATOR, { id, body: partner })),
      ).toBe('invalid id')
  })
})

describe('segments', () => {
  test('the number is given once', async () => {
    const before = world.exchange.catalog()!.segment('cars')!.number
    expect(await world.segment('cars', 'dmp', { name: 'Cars' })).toBe(before)
    await world.desk.deleteSegment(OPERATOR, { id: 'cars' })
    expect(await world.segment('cars', 'dmp')).toBeGreaterThan(before)
  })

  test('the owner may not change', async () => {
    const body = { name: 'S', owner: 'other', provenance: 'first_party', ttlDays: 1 }
    expect(await refusedFields(() => world.desk.putSegment(OPERATOR, { id: 'cars', body }))).toBe(
      'conflict owner',
    )
  })

  test('an owner that does not exist is unprocessable', async () => {
    const body = { name: 'S', owner: 'nobody', provenance: 'first_party', ttlDays: 1 }
    expect(await refusedFields(() => world.desk.putSegment(OPERATOR, { id: 's', body }))).toBe(
      'unprocessable owner',
    )
  })

  test('one under a living contract or in a deal is not deleted', async () => {
    await world.contract('autumn', contractBody())
    await world.partner('ssp')
    await world.deal('d', { seller: 'dmp', exchange: 'ssp', audience: { any: ['cars'] } })
    const { problems } = await refusal(() => world.desk.deleteSegment(OPERATOR, { id: 'cars' }))
    expect(problems.map(({ reason }) => reason)).toEqual([
      'contract autumn still rests on it',
      'deal d still rests on it',
    ])
  })
})

describe('tenants', () => {
  test('another tenant’s objects are not there', async () => {
    await world.contract('autumn', contractBody())
    const asks = [
      () => world.desk.getPartner(OTHER, 'dsp'),
      () => world.desk.getSegment(OTHER, 'cars'),
      () => world.desk.getContract(OTHER, 'autumn'),
      () => world.desk.listKeys(OTHER, { partner: 'dsp' }),
      () => world.desk.pauseContract(OTHER, { id: 'autumn' }),
      () => world.desk.deleteSegment(OTHER, { id: 'cars' }),
      () => world.desk.createKey(OTHER, { partner: 'dsp', body: {} }),
    ]
    for (const ask of asks) expect((await refusal(ask)).word).toBe('not_found')
  })

  test('lists show a tenant its own side only', async () => {
    await world.contract('autumn', contractBody())
    const ids = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id)
    expect(ids(world.desk.listPartners(OTHER, {}))).toEqual(['other'])
    expect(ids(world.desk.listSegments(OTHER, {}))).toEqual(['theirs'])
    expect(ids(world.desk.listContracts(OTHER, {}))).toEqual([])
    expect(ids(world.desk.listContracts(DSP_KEY, {}))).toEqual(['autumn'])
    expect(ids(world.desk.listSegments(DSP_KEY, {}))).toEqual(['cars'])
  })

  test('a partner key signs and pauses, and writes nothing else', async () => {
    await world.contract('autumn', contractBody({ status: 'draft' }))
    await world.desk.signContract(DMP_KEY, { id: 'autumn' })
    const { value } = await world.desk.signContract(DSP_KEY, { id: 'autumn' })
    expect(value.status).toBe('active')
    expect((await world.desk.pauseContract(DSP_KEY, { id: 'autumn' })).value.status).toBe('paused')
    const body = contractBody()
    const writes = [
      () => world.desk.putContract(DSP_KEY, { id: 'autumn', body }),
      () => world.desk.revokeContract(DSP_KEY, { id: 'autumn' }),
      () => world.desk.createKey(DSP_KEY, { partner: 'dsp', body: {} }),
      () => world.desk.putPartner(DSP_KEY, { id: 'dsp', body: partner }),
    ]
    for (const write of writes) expect((await refusal(write)).word).toBe('forbidden')
  })

  test('a tenant that takes another’s id learns only that it is taken', async () => {
    const body = { name: 'S', owner: 'other', provenance: 'first_party', ttlDays: 1 }
    const { word, message } = await refusal(() =>
      world.desk.putSegment(OTHER, { id: 'cars', body }),
    )
    expect([word, message]).toEqual(['conflict', 'id: the id is taken'])
  })

  test('pages follow one another without loss', async () => {
    for (let i = 0; i < 7; i++) await world.segment(`s${i}`, 'dmp')
    const seen: string[] = []
    let after = ''
    for (;;) {
      const { items, next } = world.desk.listSegments(OPERATOR, { limit: 2, after })
      seen.push(...items.map(({ id }) => id))
      if (next === null) break
      after = next
    }
    expect(seen).toEqual(['cars', 's0', 's1', 's2', 's3', 's4', 's5', 's6', 'theirs'])
  })
})

describe('deals', () => {
  const put = (more: object, actor: Actor = OPERATOR) =>
    world.desk.putDeal(actor, {
      id: 'd',
      body: { name: 'D', seller: 'dmp', exchange: 'other', ...more },
    })

  test('a deal nobody can hold is refused', async () => {
    const cases: [string, object][] = [
      ['unprocessable audience.none', { audience: { none: ['cars'] } }],
      ['unprocessable audience.any.0', { audience: { any: ['gone'] } }],
      ['unprocessable buyers.0', { buyers: ['gone'] }],
      ['unprocessable exchange', { exchange: 'gone' }],
      ['unprocessable endsAt', { startsAt: '2026-01-02', endsAt: '2026-01-02' }],
      ['invalid bidfloor', { bidfloor: '1e3' }],
      ['invalid bidfloor', { bidfloor: -1 }],
      ['invalid bidfloor', { bidfloor: '02.50' }],
    ]
    for (const [refused, more] of cases) expect(await refusedFields(() => put(more))).toBe(refused)
  })

  test('the seller’s side may put it, another tenant not', async () => {
    expect((await put({ bidfloor: '2.50' }, DMP)).value.bidfloor).toBe('2.50')
    expect((await refusal(() => put({}, OTHER))).word).toBe('not_found')
  })

  test('a buyer sees a deal made for it, and not who else may buy', async () => {
    await put({ buyers: ['dsp', 'other'], exchange: 'dmp' })
    expect(world.desk.getDeal(DSP_KEY, 'd').value.buyers).toEqual(['dsp'])
    expect(world.desk.getDeal(DMP, 'd').value.buyers).toEqual(['dsp', 'other'])
  })
})

describe('namespaces', () => {
  test('an eid source is declared once, by one owner', async () => {
    const put = (actor: Actor) =>
      world.desk.putNamespace(actor, { name: 'id.example', body: { kind: 'eid' } })
    expect((await put(DMP)).value).toEqual({ name: 'id.example', kind: 'eid', owner: 'dmp' })
    expect((await put(DMP)).created).toBe(false)
    expect(await refusedFields(() => put(OPERATOR))).toBe('conflict owner')
    expect(world.exchange.catalog()!.eidNamespaces.get('id.example')).toBeGreaterThan(1)
  })

  test('a partner’s namespace and ifa are not declared again', async () => {
    for (const name of ['dsp', 'ifa'])
      expect(
        (await refusal(() => world.desk.putNamespace(OPERATOR, { name, body: { kind: 'eid' } })))
          .word,
      ).toBe('conflict')
  })
})
