import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../console/limits.ts'
import { patiently } from '../support/patiently.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
let dmpKey: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await world.segment('health', 'dmp', { sensitive: true })
  dmpKey = await world.key('dmp')
})
afterAll(() => world.close())

const person = (uid: string, more: object = {}) => ({ source: 'dmp', uid, add: ['cars'], ...more })
const importing = (query: string, lines: object[], token?: string) =>
  world.import(`memberships${query}`, lines, token === undefined ? {} : { token })

describe('an import is kept', () => {
  test('with who, when, how many and the evidence, and is found by the id its answer names', async () => {
    const got = await importing('?basis=form%207', [person('a'), { nonsense: 1 }], dmpKey)
    const id = got.headers.get('x-passerelle-import')
    const { items, next } = await world.must('GET', `/api/imports?id=${id}`)
    expect(next).toBeNull()
    expect(items).toEqual([
      {
        id,
        at: expect.stringMatching(/Z$/),
        by: expect.stringMatching(/^partner dmp key /),
        what: 'memberships',
        outcome: 'complete',
        accepted: 1,
        rejected: 1,
        basis: 'form 7',
        seq: expect.any(Number),
        chain: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ])
  })

  test('also where it broke off, and where it replaced a segment', async () => {
    const replaced = await importing('?segment=boats&mode=replace&basis=list', [
      person('b', { add: undefined }),
    ])
    expect(replaced.status).toBe(200)
    const { items } = await world.must('GET', '/api/imports?segment=boats')
    expect(items).toMatchObject([{ segment: 'boats', basis: 'list', by: 'operator' }])
    const shrunk = await importing('?segment=boats&mode=replace', [])
    expect(shrunk.status).toBe(409)
    const [newest] = (await world.must('GET', '/api/imports?limit=1')).items
    expect(newest).toMatchObject({ outcome: 'broken off', segment: 'boats', accepted: 0 })
  })

  test('also where it ended with its process, with what was in by then, and may be given again', async () => {
    const head = Array.from({ length: LIMITS.batchLines }, (_, i) => person(`half ${i}`))
    let cut = (_: Error) => {}
    const held = new Promise<never>((_, reject) => (cut = reject))
    held.catch(() => {})
    async function* half() {
      yield Buffer.from(head.map((line) => `${JSON.stringify(line)}\n`).join(''))
      await held
    }
    const under = join(world.dir, 'imports-under-way.json')
    const sent = world.ask('POST', '/api/memberships?basis=form%208', {
      raw: half(),
      token: dmpKey,
    })
    await patiently(async () => {
      const [entry] = JSON.parse(await readFile(under, 'utf8'))
      expect(entry.details.accepted).toBe(head.length)
    })
    // What a process leaves on disk that is killed now.
    const names = ['audit.ndjson', 'imports-under-way.json']
    const left = await Promise.all(names.map((name) => readFile(join(world.dir, name))))
    cut(new Error('the client is gone, too'))
    await expect(sent).rejects.toThrow()
    await patiently(async () => expect(JSON.parse(await readFile(under, 'utf8'))).toEqual([]))
    await world.stop()
    for (const [i, name] of names.entries()) await writeFile(join(world.dir, name), left[i]!)
    await world.start()
    const newest = async () => (await world.must('GET', '/api/imports?limit=1')).items[0]
    const interrupted = {
      ...{ what: 'memberships', outcome: 'interrupted', basis: 'form 8' },
      ...{ accepted: head.length, rejected: 0, by: expect.stringMatching(/^partner dmp key /) },
    }
    expect(await newest()).toMatchObject(interrupted)
    // Once, however often the desk starts.
    await world.stop()
    await writeFile(under, left[1]!)
    await world.start()
    const { id } = await newest()
    expect((await world.must('GET', `/api/imports?id=${id}`)).items).toHaveLength(1)
    const again = await importing('?basis=form%208', [...head, person('rest')], dmpKey)
    expect(again.body).toMatchObject({ accepted: head.length + 1, rejected: 0 })
    expect(await world.memberships('dmp', 'half 0')).toMatch(/^cars:/)
    expect(await newest()).toMatchObject({ outcome: 'complete', accepted: head.length + 1 })
  })

  test('a partner sees its own, an operator all, page by page', async () => {
    const dspKey = await world.key('dsp')
    for (const [i, token] of [dspKey, dmpKey, dspKey, dmpKey].entries())
      await world.import('matches', [{ i }], { token })
    const own = await world.must('GET', '/api/imports', { token: dspKey })
    expect(own.items).toHaveLength(2)
    expect(new Set(own.items.map(({ what }: Body) => what))).toEqual(new Set(['matches']))
    const all = (await world.must('GET', '/api/imports?limit=1000')).items
    const walked: Body[] = []
    for (let after = ''; ; ) {
      const page = await world.must('GET', `/api/imports?limit=2${after && `&after=${after}`}`)
      expect(page.items.length).toBeLessThanOrEqual(2)
      walked.push(...page.items)
      if (page.next === null) break
      after = page.next
    }
    expect(walked).toEqual(all)
    expect((await world.ask('GET', '/api/imports?after=x')).status).toBe(400)
  })
})

describe('a sensitive segment', () => {
  const sensitive = [person('s1', { add: ['health'] }), person('s2')]

  test('takes nobody in without evidence of explicit consent; other lines are not held up', async () => {
    const got = await importing('', sensitive)
    expect(got.body).toMatchObject({ accepted: 1, rejected: 1 })
    expect(got.body.errors[0]).toEqual({ line: 1, reason: expect.stringContaining('?basis=') })
    expect(await world.memberships('dmp', 's1')).toBe('')
    const replaced = await importing('?segment=health&mode=replace', [
      person('s1', { add: undefined }),
    ])
    expect([replaced.status, replaced.body.errors[0].field]).toEqual([422, 'basis'])
  })

  test('with it takes people in, and the evidence is found by the segment', async () => {
    expect((await importing('?basis=art-9%20form', sensitive)).body.accepted).toBe(2)
    expect(await world.memberships('dmp', 's1')).toMatch(/^health:/)
    await importing('?segment=health&mode=replace&basis=list', [person('s9', { add: undefined })])
    const { items } = await world.must('GET', '/api/imports?segment=health')
    expect(items).toMatchObject([
      { basis: 'list', segment: 'health', sensitive: ['health'] },
      { basis: 'art-9 form', sensitive: ['health'] },
    ])
  })

  test('that names the evidence itself needs no other', async () => {
    await world.segment('faith', 'dmp', { sensitive: true, basis: 'panel contract 12' })
    const got = await importing('', [person('s5', { add: ['faith'] })])
    expect(got.body.accepted).toBe(1)
    const [kept] = (await world.must('GET', '/api/imports?segment=faith')).items
    expect([kept.sensitive, kept.basis]).toEqual([['faith'], undefined])
  })

  test('lets people go without evidence', async () => {
    const got = await importing('', [person('s9', { add: undefined, remove: ['health'] })])
    expect(got.body.accepted).toBe(1)
    expect(await world.memberships('dmp', 's9')).toBe('')
  })
})
