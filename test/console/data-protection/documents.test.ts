import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, ConsoleWorld } from '../world.ts'

// Documents made from contracts, compared with what a lawyer has read. PASSERELLE_GOLDEN=write writes them anew.

const folder = fileURLToPath(new URL('../../cases/data-protection/exemplary', import.meta.url))
const cases = JSON.parse(readFileSync(join(folder, 'world.json'), 'utf8'))

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  world.clock.aheadMs = Date.UTC(2026, 1, 3, 12) - world.clock.now()
  for (const [id, body] of Object.entries(cases.partners))
    await world.must('PUT', `/api/partners/${id}`, { body })
  for (const [id, body] of Object.entries(cases.segments))
    await world.must('PUT', `/api/segments/${id}`, { body })
  for (const [id, body] of Object.entries<Body>(cases.contracts)) {
    const isRevokedLater = body.status === 'revoked-later'
    const status = isRevokedLater ? 'active' : body.status
    await world.must('PUT', `/api/contracts/${id}`, { body: { ...body, status } })
    if (isRevokedLater) await world.must('POST', `/api/contracts/${id}/revoke`)
  }
})
afterAll(() => world.close())

const GOLDEN = [
  'processing.en.md',
  'processing.fr.md',
  'recipients.en.csv',
  'recipients.fr.md',
  'transfers.en.md',
  'transfers.fr.csv',
  'transfers.fr.json',
]
for (const name of GOLDEN)
  test(`${name} is as it was read and found good`, async () => {
    const [document, lang, format] = name.split('.')
    const path = `/api/data-protection/${document}?lang=${lang}&format=${format}`
    const answer = await world.must('GET', path)
    const made =
      typeof answer === 'string'
        ? answer.replaceAll('\r\n', '\n')
        : `${JSON.stringify({ ...answer, at: '…' }, null, 2)}\n`
    const file = join(folder, name)
    if (process.env['PASSERELLE_GOLDEN'] === 'write') writeFileSync(file, made)
    expect(made).toBe(readFileSync(file, 'utf8'))
  })

test('a side sees its own contracts, in every document', async () => {
  const [acme, sud] = await Promise.all([world.key('acme-dmp'), world.key('sud-dsp')])
  const contracts = async (token: string) =>
    (await world.must('GET', '/api/data-protection/processing', { token })).items.map(
      ({ contract }: Body) => contract,
    )
  expect(await contracts(acme)).toEqual(['autumn, v1', 'bare, v1', 'sud, v1'])
  expect(await contracts(sud)).toEqual(['sud, v1'])
  const recipients = await world.must('GET', '/api/data-protection/recipients', { token: sud })
  expect(JSON.stringify(recipients)).not.toContain('North')
  expect((await world.must('GET', '/api/data-protection/transfers', { token: sud })).items).toEqual(
    [],
  )
})

test('a document, language or form that there is none of is refused', async () => {
  expect((await world.ask('GET', '/api/data-protection/secrets')).status).toBe(404)
  for (const query of ['lang=de', 'format=pdf'])
    expect((await world.ask('GET', `/api/data-protection/processing?${query}`)).status).toBe(400)
})

test('a contract keeps its place in the record after its terms changed and it ended', async () => {
  await world.must('POST', '/api/contracts/sud/end')
  const body = { ...cases.contracts.sud, status: 'draft', regions: ['DEU'] }
  await world.must('PUT', '/api/contracts/sud', { body })
  const { items } = await world.must('GET', '/api/data-protection/processing')
  expect(items.at(-1)).toMatchObject({ contract: 'sud, v2', status: 'draft', since: '2026-02-03' })
})

test('a contract that changes hands stands there for each buyer, for as long as it was theirs', async () => {
  const { sud } = cases.contracts
  await world.must('PUT', '/api/contracts/handed', { body: { ...sud, status: 'active' } })
  world.clock.aheadMs += 10 * 86_400_000
  const body = { ...sud, buyer: 'north-dsp', seats: ['s1'], status: 'draft' }
  await world.must('PUT', '/api/contracts/handed', { body })
  const own = async (document: string, buyer: string) => {
    const token = await world.key(buyer)
    const { items } = await world.must('GET', `/api/data-protection/${document}`, { token })
    return items.filter(({ contract, contracts = contract }: Body) => /handed/.test(contracts))
  }
  expect(await own('processing', 'sud-dsp')).toMatchObject([
    { contract: 'handed, v1', status: 'ended', since: '2026-02-03', until: '2026-02-13' },
  ])
  expect(await own('recipients', 'sud-dsp')).toHaveLength(1)
  expect(await own('processing', 'north-dsp')).toEqual([])
  expect(await own('recipients', 'north-dsp')).toEqual([])
  await world.must('PUT', '/api/contracts/handed', { body: { ...body, status: 'active' } })
  expect(await own('processing', 'north-dsp')).toMatchObject([
    { contract: 'handed, v2', status: 'active', since: '2026-02-13' },
  ])
})
