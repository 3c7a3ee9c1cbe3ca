import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../audience/clock.ts'
import { AuditLog } from '../../console/audit/audit-log.ts'
import { LIMITS } from '../../console/limits.ts'
import { ADMIN, type Body, ConsoleWorld, fill } from './world.ts'

describe('the audit log of a desk', () => {
  let world: ConsoleWorld
  beforeAll(async () => {
    world = await ConsoleWorld.open()
    await fill(world)
  })
  afterAll(() => world.close())

  test('tells of every write who did what, and the versions before and after', async () => {
    const key = await world.key('dsp')
    await world.segment('cars', 'dmp', { name: 'Cars' })
    await world.must('POST', '/api/contracts/autumn/pause', { token: key })
    await world.ask('PUT', '/api/partners/dsp', { body: {} })
    await world.must('DELETE', '/api/deals/premium')
    const { items } = await world.must('GET', '/api/audit?limit=4')
    const [deleted, paused, replaced, made] = items
    expect(deleted).toMatchObject({ verb: 'deleteDeal', object: 'deal/premium', after: null })
    expect(paused).toMatchObject({ verb: 'pauseContract', object: 'contract/autumn' })
    expect(paused.actor).toMatch(/^partner dsp key [0-9a-f]{12}$/)
    expect(paused.after).toBeGreaterThan(paused.before)
    expect(replaced).toMatchObject({
      actor: 'operator',
      verb: 'putSegment',
      object: 'segment/cars',
    })
    expect(made).toMatchObject({ verb: 'createKey', details: { partner: 'dsp' } })
    const all = (await world.must('GET', '/api/audit')).items
    expect(all.at(-1)).toMatchObject({ verb: 'putPartner', object: 'partner/dsp', before: null })
    expect(Date.parse(deleted.at)).toBeGreaterThanOrEqual(Date.parse(all.at(-1).at))
  })

  test('keeps what an import rests on, and how it went', async () => {
    const lines = [{ source: 'dsp', uid: 'somebody-7', add: ['cars'] }, 'nonsense']
    const raw = lines.map((line) => JSON.stringify(line)).join('\n')
    await world.must('POST', '/api/memberships?basis=contract%2042', { raw })
    const [entry] = (await world.must('GET', '/api/audit?limit=1')).items
    expect(entry.details).toEqual({
      basis: 'contract 42',
      outcome: 'complete',
      accepted: 1,
      rejected: 1,
    })
  })

  test('never holds a key, a token, or an id of a person; nor does any file of the desk', async () => {
    const key = await world.key('dsp')
    await world.import('memberships', [{ source: 'dsp', uid: 'very-private-id', add: ['cars'] }], {
      token: key,
    })
    const log = await readFile(join(world.dir, 'audit.ndjson'), 'utf8')
    // `<prefix>_<id>_<secret>`; the secret may hold underscores of its own.
    const secretPart = key.split('_').slice(2).join('_')
    expect(secretPart.length).toBeGreaterThan(30)
    for (const secret of [key, secretPart, ADMIN, 'very-private-id', 'somebody-7'])
      expect(log).not.toContain(secret)
    for (const name of await readdir(world.dir)) {
      const bytes = await readFile(join(world.dir, name)).catch(() => Buffer.alloc(0))
      expect(bytes.includes(key), name).toBe(false)
    }
  })

  test('pages from the newest to the first, each entry once', async () => {
    const all = (await world.must('GET', '/api/audit?limit=1000')).items
    const walked: Body[] = []
    for (let after = ''; ; ) {
      const page = await world.must('GET', `/api/audit?limit=3${after && `&after=${after}`}`)
      walked.push(...page.items)
      if (page.next === null) break
      after = page.next
    }
    expect(walked).toEqual(all)
    for (const after of ['7', '-1', 'x', '99999999', '1.5'])
      expect((await world.ask('GET', `/api/audit?after=${after}`)).status).toBe(400)
  })
})

describe('the log itself', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'audit-'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))
  const entry = (n: number, pad = 0) => ({
    at: new Date(n).toISOString(),
    actor: 'operator',
    verb: 'putPartner',
    object: `partner/${n}${'x'.repeat(pad)}`,
    before: null,
    after: n,
  })

  test('is the same after a crash cut off its last entry', async () => {
    const path = join(dir, 'torn.ndjson')
    const log = await AuditLog.open(path, systemClock)
    await Promise.all([1, 2, 3].map((n) => log.append(entry(n))))
    await log.close()
    await appendFile(path, '{"at":"20')
    const again = await AuditLog.open(path, systemClock)
    await again.append(entry(4))
    const { items } = await again.page({ limit: 10 })
    expect(items.map(({ after }) => after)).toEqual([4, 3, 2, 1])
    await again.close()
  })

  test('pages over entries that lie across its steps of reading', async () => {
    const log = await AuditLog.open(join(dir, 'long.ndjson'), systemClock)
    const count = 60
    for (let n = 1; n <= count; n++)
      await log.append(entry(n, (n * 7919) % (LIMITS.auditReadBytes / 8)))
    for (const limit of [1, 7, 59, 60, 61]) {
      const seen: (number | null)[] = []
      for (let after: string | undefined; ; ) {
        const page = await log.page({ limit, ...(after === undefined ? {} : { after }) })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        seen.push(...page.items.map((item) => item.after))
        if (page.next === null) break
        after = page.next
      }
      expect(seen).toEqual(Array.from({ length: count }, (_, i) => count - i))
    }
    await log.close()
  })
})
