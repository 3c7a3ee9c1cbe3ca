import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../audience/clock.ts'
import { AUDIT_FILE, AuditLog } from '../../console/audit/audit-log.ts'
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
      import: expect.stringMatching(/^[0-9a-f]{16}$/),
      basis: 'contract 42',
      outcome: 'complete',
      accepted: 1,
      rejected: 1,
    })
  })

  test('says whether every entry is what was written, or the first that is not', async () => {
    const { items } = await world.must('GET', '/api/audit?limit=1')
    const whole = await world.must('GET', '/api/audit/verify')
    expect(whole).toEqual({ ok: true, records: items[0].seq, chain: items[0].chain, before: 0 })
    const path = join(world.dir, AUDIT_FILE)
    const text = await readFile(path, 'utf8')
    const lines = text.split('\n')
    const changed = lines.with(2, lines[2]!.replace('operator', 'nobody!!'))
    const dropped = lines.toSpliced(4, 1)
    for (const [bad, damage] of [
      [changed, { seq: 3, damage: 'changed', says: expect.any(String) }],
      [dropped, { seq: 5, damage: 'out_of_place', says: expect.any(String) }],
      [
        lines.slice(0, -3),
        { seq: items[0].seq - 1, damage: 'end_missing', says: expect.any(String) },
      ],
    ] as const) {
      await writeFile(path, `${bad.join('\n').trimEnd()}\n`)
      expect(await world.must('GET', '/api/audit/verify')).toMatchObject({ ok: false, damage })
    }
    await writeFile(path, text)
    expect((await world.must('GET', '/api/audit/verify')).ok).toBe(true)
    const token = await world.key('dsp')
    expect((await world.ask('GET', '/api/audit/verify', { token })).status).toBe(403)
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

  test('a search looks through so many entries, and goes on where it was left', async () => {
    const path = join(dir, 'searched.ndjson')
    const count = LIMITS.auditSearchLines + 700
    const lines = Array.from({ length: count }, (_, i) => JSON.stringify(entry(i + 1)))
    await writeFile(path, `${lines.join('\n')}\n`)
    const log = await AuditLog.open(path, systemClock)
    const isRare = ({ after }: { after: number | null }) => after! % 10_000 === 1
    const found: (number | null)[] = []
    let pages = 0
    for (let after: string | undefined; ; pages++) {
      const page = await log.search(isRare, { limit: 2, after })
      found.push(...page.items.map((item) => item.after))
      if (page.next === null) break
      after = page.next
    }
    expect([found, pages]).toEqual([[20_001, 10_001, 1], 1])
    const nothing = await log.search(() => false, { limit: 1 })
    expect([nothing.items, nothing.next]).not.toContain(null)
    const rest = await log.search(() => false, { limit: 1, after: nothing.next! })
    expect(rest).toEqual({ items: [], next: null })
    await log.close()
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
