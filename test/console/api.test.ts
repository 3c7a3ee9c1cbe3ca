import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN, type Body, ConsoleWorld, contractBody, fill } from './world.ts'

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

const PARAMETERS: Record<string, string> = {
  '{id}': 'nobody',
  '{keyId}': 'none',
  '{period}': 'never',
}

/** Every operation of the document, with a path that leads to an object that is not there. */
function operations(): { method: string; path: string; template: string; operation: Body }[] {
  return Object.entries<Body>(world.document.paths).flatMap(([template, byMethod]) =>
    Object.entries<Body>(byMethod).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: template.replace(/\{\w+\}/g, (name) => PARAMETERS[name]!),
      template,
      operation,
    })),
  )
}

describe('the OpenAPI document', () => {
  test('is sound: references resolve, schemas compile, operations answer and have ids of their own', () => {
    const { document } = world
    const references = [
      ...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
    ]
    expect(references.length).toBeGreaterThan(30)
    for (const [, name] of references)
      expect(document.components.schemas, name).toHaveProperty(name!)
    const ajv = new Ajv2020({ strict: false }).addSchema({ $id: 'doc', ...document })
    for (const name of Object.keys(document.components.schemas))
      expect(() => ajv.compile({ $ref: `doc#/components/schemas/${name}` })).not.toThrow()
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { operation, template } of operations()) {
      expect(Object.keys(operation.responses), template).not.toHaveLength(0)
      const named = operation.parameters
        .filter((p: Body) => p.in === 'path')
        .map((p: Body) => p.name)
      expect(named).toEqual([...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    }
  })
})

describe('every operation', () => {
  const closed = () => operations().filter(({ operation }) => !operation.security)

  test('asks for a token, and tells nothing without one', async () => {
    for (const { method, path } of closed())
      for (const token of ['', 'wrong', `${ADMIN}x`, ADMIN.slice(1)]) {
        const { status, headers, body } = await world.ask(method, path, { token })
        expect([method, path, status]).toEqual([method, path, 401])
        expect(headers.get('www-authenticate')).toBe('Bearer')
        expect(body.type).toBe('urn:passerelle:problem:unauthorized')
      }
  })

  test('refuses a parameter it does not know, and one given twice', async () => {
    for (const { method, path } of closed()) {
      const unknown = await world.ask(method, `${path}?nonsense=1`)
      expect([path, unknown.status]).toEqual([path, 400])
      expect(unknown.body.errors).toContainEqual({
        field: 'nonsense',
        reason: 'is not a parameter',
      })
    }
    const twice = await world.ask('GET', '/api/partners?limit=1&limit=2')
    expect(twice.body.errors).toEqual([{ field: 'limit', reason: 'is given twice' }])
  })

  test('that takes an object names each unknown field', async () => {
    // Documents in foreign dialects are open: what is unknown in them is named in the answer.
    const withBody = closed().filter(({ operation }) => {
      const { $ref = '' } = operation.requestBody?.content['application/json']?.schema ?? {}
      const schema = world.document.components.schemas[$ref.split('/').at(-1)]
      return schema?.additionalProperties === false
    })
    expect(withBody.length).toBeGreaterThan(8)
    for (const { method, path } of withBody) {
      const body = { surprise: 1, wonder: 2 }
      const there = path
        .replace('partners/nobody', 'partners/dsp')
        .replace('contracts/nobody', 'contracts/autumn')
        .replace('statements/never', 'statements/2026-11')
        .replace('offers/nobody', 'offers/winter')
      const got = await world.ask(method, there, { body })
      expect([path, got.status]).toEqual([path, 400])
      for (const field of Object.keys(body))
        expect(got.body.errors).toContainEqual({ field, reason: 'is not a known field' })
    }
  })

  test('on an object that is not there answers 404', async () => {
    const onObjects = closed().filter(
      ({ method, template }) => template.includes('{') && method !== 'PUT',
    )
    expect(onObjects.length).toBeGreaterThan(10)
    for (const { method, path } of onObjects) {
      const got = await world.ask(method, path)
      expect([method, path, got.status]).toEqual([method, path, 404])
      expect(got.body.type).toBe('urn:passerelle:problem:not_found')
    }
  })
})

describe('requests', () => {
  test('to nowhere are 404, with a wrong method 405', async () => {
    for (const path of ['/api', '/api/', '/api/nothing', '/api/partners/', '/api/partners/%zz'])
      expect([path, (await world.ask('GET', path)).status]).toEqual([path, 404])
    const wrong = await world.ask('DELETE', '/api/memberships')
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('name every field at fault at once', async () => {
    const body = {
      name: '',
      domain: 'Not A Domain',
      roles: ['dps'],
      region: 'US',
      sync: { ttlDays: 0 },
    }
    const got = await world.ask('PUT', '/api/partners/dsp', { body })
    expect(got.status).toBe(400)
    expect(got.headers.get('x-passerelle-reason')).toBe('invalid')
    const fields = new Set(got.body.errors.map(({ field }: Body) => field))
    expect(fields).toEqual(new Set(['name', 'domain', 'roles.0', 'sync.ttlDays']))
  })

  test('that are no JSON are refused and change nothing', async () => {
    const before = await world.must('GET', '/api/partners/dsp')
    for (const raw of [
      '',
      '{',
      '{"name":"x"}{',
      '"text"',
      '[]',
      'null',
      new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    ])
      expect((await world.ask('PUT', '/api/partners/dsp', { raw })).status).toBe(400)
    const proto = await world.ask('PUT', '/api/partners/dsp', {
      raw: JSON.stringify(before).replace('{', '{"__proto__":{"name":"x"},'),
    })
    expect(proto.status).toBe(400)
    const long = { raw: `{"name":"${'x'.repeat(1024 * 1024)}"}` }
    const tooLong = await world.ask('PUT', '/api/partners/dsp', long)
    expect([tooLong.status, tooLong.headers.get('x-passerelle-reason')]).toEqual([413, 'too_large'])
    expect(tooLong.headers.get('content-type')).toBe('application/problem+json')
    expect(tooLong.body.detail).toBe('the body is longer than 1 MiB')
    expect(await world.must('GET', '/api/partners/dsp')).toEqual(before)
    expect({}).not.toHaveProperty('name')
  })

  test('nested too deep are refused, whatever field it is in', async () => {
    const nested = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`
    const put = (path: string, raw: string) => world.ask('PUT', path, { raw })
    for (const levels of [65, 1_000, 5_000, 200_000]) {
      const partner = `{"name":"P","domain":"p.example","roles":${nested(levels)},"region":"US"}`
      for (const [path, raw] of [
        ['/api/partners/deep', partner],
        ['/api/partners/deep', nested(levels)],
        ['/api/deals/deep', `{"bidfloor":${nested(levels)}}`],
        ['/api/catalog', `{"files":{"partners/deep.json":${partner}}}`],
      ] as const)
        expect([path, levels, (await put(path, raw)).status]).toEqual([path, levels, 400])
    }
    const { body } = await put('/api/partners/deep', nested(65))
    expect(body.errors).toEqual([
      { field: '', reason: 'the body is nested more than 64 levels deep' },
    ])
  })

  test('that name a day there is not are refused by field', async () => {
    for (const path of ['/api/quality', '/api/matchrates', '/api/usage'])
      for (const query of ['to=2026-02-30', 'from=2026-02-30', 'from=0000-00-00&to=2026-02-29']) {
        const got = await world.ask('GET', `${path}?${query}`)
        expect([path, query, got.status]).toEqual([path, query, 400])
        expect(got.body.errors[0].field).toMatch(/^(from|to)$/)
      }
  })

  test('may send back what was read, and null for what is absent', async () => {
    for (const path of [
      '/api/partners/dsp',
      '/api/segments/cars',
      '/api/contracts/autumn',
      '/api/deals/premium',
    ]) {
      const { body, headers } = await world.ask('GET', path)
      const again = await world.ask('PUT', path, { body })
      expect([path, again.status, again.body]).toEqual([path, 200, body])
      expect(again.headers.get('etag')).toBe(headers.get('etag'))
    }
    const { id: _, ...partner } = await world.must('GET', '/api/partners/dsp')
    const nulls = { ...partner, gvlId: null, sync: { redirect: null, ttlDays: 7 }, status: null }
    const got = await world.must('PUT', '/api/partners/dsp', { body: nulls })
    expect(got).toEqual({ ...partner, id: 'dsp', sync: { ttlDays: 7 }, status: 'active' })
  })
})

describe('an object', () => {
  test('is made with 201 and replaced with 200', async () => {
    const body = { name: 'News', domain: 'news.example', roles: ['publisher'], region: 'FR' }
    expect((await world.ask('PUT', '/api/partners/news', { body })).status).toBe(201)
    const again = { ...body, name: 'Daily news' }
    expect((await world.ask('PUT', '/api/partners/news', { body: again })).status).toBe(200)
    expect((await world.ask('DELETE', '/api/partners/news')).status).toBe(204)
    expect((await world.ask('GET', '/api/partners/news')).status).toBe(404)
  })

  test('is written only as If-Match says', async () => {
    const path = '/api/segments/boats'
    const { body, headers } = await world.ask('GET', path)
    const etag = headers.get('etag')!
    expect(etag).toMatch(/^"\d+"$/)
    const put = (ifMatch: string, name: string) =>
      world.ask('PUT', path, { body: { ...body, name }, headers: { 'if-match': ifMatch } })
    const first = await put(etag, 'Boats 2')
    expect(first.status).toBe(200)
    expect(first.headers.get('etag')).not.toBe(etag)
    for (const stale of [etag, '"1", "2"', 'W/"5"', 'nonsense', '"99999999"'])
      expect([stale, (await put(stale, 'Boats 3')).status]).toEqual([stale, 412])
    expect((await put(`"1", ${first.headers.get('etag')}`, 'Boats 4')).status).toBe(200)
    expect((await put('*', 'Boats 5')).status).toBe(200)
    const absent = { headers: { 'if-match': '*' }, body }
    expect((await world.ask('PUT', '/api/segments/new', absent)).status).toBe(412)
    expect((await world.ask('DELETE', path, { headers: { 'if-match': etag } })).status).toBe(412)
    expect((await world.must('GET', path)).name).toBe('Boats 5')
  })

  test('that others rest on is not deleted, and they are named', async () => {
    const got = await world.ask('DELETE', '/api/segments/cars')
    expect(got.status).toBe(409)
    expect(got.body.detail).toContain('contract autumn')
  })
})

describe('lists', () => {
  test('page through everything once, in order', async () => {
    for (let i = 0; i < 12; i++) await world.segment(`page-${String(i).padStart(2, '0')}`, 'dmp')
    const all = (await world.must('GET', '/api/segments')).items.map(({ id }: Body) => id)
    expect(all.length).toBeGreaterThanOrEqual(14)
    const walked: string[] = []
    for (let after = ''; ; ) {
      const page = await world.must('GET', `/api/segments?limit=5${after && `&after=${after}`}`)
      expect(page.items.length).toBeLessThanOrEqual(5)
      walked.push(...page.items.map(({ id }: Body) => id))
      if (page.next === null) break
      after = page.next
    }
    expect(walked).toEqual(all)
    expect(walked).toEqual([...walked].sort())
  })

  test('refuse limits beyond 1 to 1000', async () => {
    for (const limit of ['0', '1001', '-1', 'x', '1.5', ''])
      expect([limit, (await world.ask('GET', `/api/deals?limit=${limit}`)).status]).toEqual([
        limit,
        400,
      ])
  })
})

describe('a contract', () => {
  test('goes its way: drafted, signed by both sides, paused, revoked', async () => {
    const [seller, buyer] = [await world.key('dmp'), await world.key('dsp')]
    await world.must('PUT', '/api/contracts/steps', { body: contractBody() })
    const step = async (word: string, token?: string, body?: object) =>
      world.must('POST', `/api/contracts/steps/${word}`, {
        ...(token ? { token } : {}),
        ...(body ? { body } : {}),
      })
    expect((await step('sign', seller)).status).toBe('draft')
    expect((await step('sign', buyer)).status).toBe('active')
    expect((await step('pause', buyer, {})).status).toBe('paused')
    expect((await world.ask('POST', '/api/contracts/steps/revoke', { token: seller })).status).toBe(
      403,
    )
    expect((await step('revoke')).status).toBe('revoked')
    expect((await world.ask('POST', '/api/contracts/steps/sign', { token: buyer })).status).toBe(
      200,
    )
    expect((await world.ask('POST', '/api/contracts/steps/pause')).status).toBe(409)
  })

  test('that makes no sense is 422, with its fields', async () => {
    const body = contractBody({ buyer: 'dmp', segments: ['nothing'] })
    const got = await world.ask('PUT', '/api/contracts/odd', { body })
    expect(got.status).toBe(422)
    expect(got.body.errors.map(({ field }: Body) => field)).toEqual(['buyer', 'segments.0'])
  })
})

describe('keys', () => {
  test('are shown once, listed without themselves, and gone when deleted', async () => {
    const made = await world.must('POST', '/api/partners/dsp/keys', { body: { trace: true } })
    expect(made.key).toContain(made.id)
    const { items } = await world.must('GET', '/api/partners/dsp/keys')
    const shown = items.find(({ id }: Body) => id === made.id)
    expect(shown).toMatchObject({ partner: 'dsp', scopes: ['bid', 'data'], trace: true })
    expect(JSON.stringify(items)).not.toContain(made.key)
    expect((await world.ask('GET', '/api/partners/dsp', { token: made.key })).status).toBe(200)
    await world.must('DELETE', `/api/partners/dsp/keys/${made.id}`)
    expect((await world.ask('GET', '/api/partners/dsp', { token: made.key })).status).toBe(401)
    expect((await world.ask('DELETE', `/api/partners/dsp/keys/${made.id}`)).status).toBe(404)
  })

  test('are made once for one Idempotency-Key', async () => {
    const make = (key: string, body?: object) =>
      world.ask('POST', '/api/partners/ssp/keys', {
        headers: { 'idempotency-key': key },
        ...(body ? { body } : {}),
      })
    const [first, second] = await Promise.all([make('a', {}), make('a', {})])
    const third = await make('a', {})
    expect([second.body, third.body, third.status]).toEqual([first.body, first.body, 201])
    expect((await make('a', { trace: true })).status).toBe(422)
    expect((await make('b', {})).body.id).not.toBe(first.body.id)
    expect((await make('c', { scopes: ['x'] })).status).toBe(400)
    expect((await make('c', {})).status).toBe(201)
    world.clock.aheadMs += 25 * 3_600_000
    expect((await make('a', {})).body.id).not.toBe(first.body.id)
    expect((await world.must('GET', '/api/partners/ssp/keys')).items).toHaveLength(4)
  })
})

test('namespaces are listed, declared and not taken from their owners', async () => {
  await world.must('PUT', '/api/namespaces/id5-sync.com', { body: { kind: 'eid' } })
  const names = (await world.must('GET', '/api/namespaces')).items.map(({ name }: Body) => name)
  expect(names).toEqual(expect.arrayContaining(['dmp', 'dsp', 'id5-sync.com']))
  expect((await world.ask('PUT', '/api/namespaces/dsp', { body: { kind: 'eid' } })).status).toBe(
    409,
  )
  expect((await world.must('GET', '/api/namespaces/ifa')).kind).toBe('device')
})

test('health and metrics need no token', async () => {
  expect((await world.ask('GET', '/health/live', { token: '' })).status).toBe(200)
  const metrics = await world.ask('GET', '/metrics', { token: '' })
  expect([metrics.status, metrics.body]).toEqual([200, 'up 1\n'])
})

test('nothing failed by itself', () => {
  expect(world.errors).toEqual([])
})
