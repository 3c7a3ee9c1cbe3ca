import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Refused } from '../../audience/refusal.ts'
import { fileText } from '../../audience/store/catalog-files.ts'
import { type Random, seeded } from '../support/random.ts'
import { contractBody, OPERATOR, refusal, World } from './world.ts'

const SEED = Number(process.env['PASSERELLE_SEED'] ?? 1)

let world: World
let other: World
beforeEach(async () => {
  world = await World.open()
  other = await World.open()
})
afterEach(() => Promise.all([world.close(), other.close()]))

type Files = Record<string, unknown>

const exported = (from: World): Files => Object.fromEntries(from.desk.exportCatalog(OPERATOR).files)

const apply = (to: World, files: Files, more: { prune?: boolean; dryRun?: boolean } = {}) =>
  to.desk.applyCatalog(OPERATOR, { files, prune: false, dryRun: false, ...more })

async function fill(): Promise<void> {
  for (const id of ['dsp', 'dmp', 'ssp']) await world.partner(id)
  await world.segment('cars', 'dmp')
  await world.contract('autumn', contractBody())
  await world.deal('d', { seller: 'dmp', exchange: 'ssp', audience: { any: ['cars'] } })
}

describe('the files of a catalog', () => {
  test(`make the same catalog on an empty instance, and change nothing on their own (seed ${SEED})`, async () => {
    for (let w = 0; w < 12; w++) {
      const random = seeded(SEED + w)
      await build(random)
      const files = exported(world)
      const version = world.feed.current()!.version
      const own = await apply(world, files, { prune: true })
      expect(own.diff).toMatchObject({ created: [], changed: [], deleted: [] })
      expect([own.written, world.feed.current()!.version]).toEqual([[], version])
      const fresh = await apply(other, shuffled(random, files))
      expect(fresh.diff.created).toEqual(Object.keys(files))
      expect(exported(other), `seed ${SEED + w}`).toEqual(files)
      expect(other.desk.exportCatalog(OPERATOR).digest).toBe(
        world.desk.exportCatalog(OPERATOR).digest,
      )
      expect(other.feed.current()!.version).toBe(1)
      await Promise.all([world.close(), other.close()])
      world = await World.open()
      other = await World.open()
    }
  }, 60_000)

  test(`lead from one state to another and back, and the dry run says how (seed ${SEED})`, async () => {
    for (let w = 0; w < 12; w++) {
      const random = seeded(SEED + 100 + w)
      await build(random)
      const first = exported(world)
      await apply(other, first)
      await change(random, other)
      const second = exported(other)
      for (const target of [second, first]) {
        const start = exported(world)
        const dry = await apply(world, target, { prune: true, dryRun: true })
        expect(exported(world)).toEqual(start)
        const done = await apply(world, target, { prune: true })
        expect(done.diff).toEqual(dry.diff)
        expect(exported(world), `seed ${SEED + 100 + w}`).toEqual(target)
      }
      await Promise.all([world.close(), other.close()])
      world = await World.open()
      other = await World.open()
    }
  }, 60_000)

  test('hold contracts that are over, though who had them is gone', async () => {
    await fill()
    await world.desk.deleteDeal(OPERATOR, { id: 'd' })
    await world.desk.endContract(OPERATOR, { id: 'autumn' })
    await world.desk.deleteSegment(OPERATOR, { id: 'cars' })
    await world.desk.deletePartner(OPERATOR, { id: 'dmp' })
    const files = exported(world)
    expect(Object.keys(files)).toContain('contracts/autumn.json')
    await apply(other, files)
    expect(exported(other)).toEqual(files)
    const again = { ...(files['contracts/autumn.json'] as object), status: 'active' }
    expect(
      await refusal(() => other.desk.putContract(OPERATOR, { id: 'autumn', body: again })),
    ).toMatchObject({ word: 'unprocessable' })
  })

  test('name no secret, and no number of this installation', async () => {
    await fill()
    const { key } = await world.desk.createKey(OPERATOR, { partner: 'dsp', body: {} })
    const text = JSON.stringify(exported(world))
    expect(text).not.toContain(key.split('_').slice(2).join('_'))
    const hash = [...world.feed.current()!.kind('key').values()][0]!.value as { hash: string }
    expect(text).not.toContain(hash.hash)
    for (const field of ['"number"', '"namespace"', '"version"', '"createdAt"', '"signed"'])
      expect(text).not.toContain(field)
  })

  test('are the same text for the same catalog, whatever order it was written in', async () => {
    await fill()
    for (const id of ['ssp', 'dmp', 'dsp']) await other.partner(id)
    await other.segment('cars', 'dmp')
    await other.deal('d', { audience: { any: ['cars'] }, exchange: 'ssp', seller: 'dmp' })
    await other.contract('autumn', contractBody())
    expect(textsOf(exported(world))).toEqual(textsOf(exported(other)))
  })
})

describe('applying', () => {
  beforeEach(fill)

  test('refuses the whole with every problem of every file, as the desk would, and changes nothing', async () => {
    const before = exported(world)
    const files = {
      ...before,
      'deals/d.json': { name: 'D', seller: 'dmp', exchange: 'gone', audience: { none: ['cars'] } },
      'segments/boats.json': { name: 'Boats', owner: 'dmp', ttlDays: 0, surprise: 1 },
      'partners/Bad Name.json': before['partners/dmp.json'],
      'keys/k.json': {},
      'README.md': {},
      'deals/list.json': [],
    }
    const { word, problems } = await refusal(() => apply(world, files))
    expect(word).toBe('unprocessable')
    expect(problems.map(({ field }) => field).sort()).toEqual([
      'README.md',
      'deals/d.json audience.none',
      'deals/d.json exchange',
      'deals/list.json',
      'keys/k.json',
      'partners/Bad Name.json id',
      'segments/boats.json provenance',
      'segments/boats.json surprise',
      'segments/boats.json ttlDays',
    ])
    expect(exported(world)).toEqual(before)
  })

  test('shows each changed field, with what it was', async () => {
    const files = exported(world)
    files['deals/d.json'] = { ...(files['deals/d.json'] as object), bidfloor: '2.50', at: 1 }
    files['partners/dsp.json'] = { ...(files['partners/dsp.json'] as object), name: 'New' }
    const { diff, written } = await apply(world, files)
    expect(diff.changed).toEqual([
      {
        path: 'deals/d.json',
        fields: [
          { field: 'at', after: 1 },
          { field: 'bidfloor', after: '2.50' },
        ],
      },
      { path: 'partners/dsp.json', fields: [{ field: 'name', before: 'dsp', after: 'New' }] },
    ])
    expect(written.map(({ kind, id }) => `${kind}/${id}`).sort()).toEqual(['deal/d', 'partner/dsp'])
    expect(new Set(written.map(({ after }) => after)).size).toBe(1)
  })

  test('is refused where the catalog is no longer what was compared', async () => {
    const files = exported(world)
    const { digest } = world.desk.exportCatalog(OPERATOR)
    await world.partner('late')
    const options = { files, prune: true, dryRun: false, ifDigest: digest }
    const { word } = await refusal(() => world.desk.applyCatalog(OPERATOR, options))
    expect(word).toBe('precondition_failed')
    expect(world.exchange.catalog()!.partner('late')).toBeDefined()
  })

  test('deletes what is left over only where asked, and nothing that is still needed', async () => {
    await world.partner('idle')
    await world.segment('boats', 'dmp')
    const files = exported(world)
    for (const path of ['partners/idle.json', 'segments/boats.json', 'deals/d.json'])
      delete files[path]
    const kept = await apply(world, files)
    expect([kept.diff.deleted, kept.left]).toEqual([
      [],
      ['deals/d.json', 'partners/idle.json', 'segments/boats.json'],
    ])
    const { diff } = await apply(world, files, { prune: true })
    expect(diff.deleted).toEqual(['deals/d.json', 'partners/idle.json', 'segments/boats.json'])
    const { 'segments/cars.json': _, 'contracts/autumn.json': __, ...fewer } = files
    const { problems } = await refusal(() => apply(world, fewer, { prune: true }))
    expect(problems).toEqual([
      { field: 'segments/cars.json', reason: 'contract autumn still rests on it' },
    ])
  })

  test('lets two new partners name each other, and two that name each other go', async () => {
    const before = exported(world)
    const { 'partners/ssp.json': ssp } = before
    const files = {
      ...before,
      'partners/a.json': { ...(ssp as object), exchange: 'b', sync: { route: ['b'] } },
      'partners/b.json': { ...(ssp as object), exchange: 'a', sync: { route: ['a'] } },
    }
    await apply(world, files)
    expect(exported(world)).toEqual(sortedByPath(files))
    await apply(world, before, { prune: true })
    expect(exported(world)).toEqual(before)
  })

  test('does not mind what stands in the way of what at first', async () => {
    const price = { kind: 'free' }
    const offer = { seller: 'dmp', segments: ['cars'], price, uses: ['bid_enrichment'] }
    const exclusive = { ...offer, exclusive: { until: '2030-01-01' } }
    const before = exported(world)
    delete before['contracts/autumn.json']
    await world.contract('autumn', contractBody({ status: 'ended' }))
    const deal = before['deals/d.json'] as object
    await apply(world, {
      ...before,
      'offers/b.json': exclusive,
      'deals/z.json': { ...deal, dealId: 'PM' },
    })
    const other = {
      ...before,
      'offers/a.json': exclusive,
      'deals/e.json': { ...deal, dealId: 'PM' },
    }
    const { diff } = await apply(world, other, { prune: true })
    expect(diff).toMatchObject({
      created: ['deals/e.json', 'offers/a.json'],
      deleted: ['deals/z.json', 'offers/b.json'],
    })
  })

  test('keeps the numbers of what was there, and gives new ones to what is new', async () => {
    const catalog = () => world.exchange.catalog()!
    const numbers = ['dsp', 'dmp', 'ssp'].map((id) => catalog().partner(id)!.number)
    const files = exported(world)
    const dry = { ...files, 'segments/new.json': files['segments/cars.json'] }
    await apply(world, dry, { dryRun: true })
    await apply(world, dry)
    expect(['dsp', 'dmp', 'ssp'].map((id) => catalog().partner(id)!.number)).toEqual(numbers)
    expect(catalog().segment('new')!.number).toBe(catalog().segment('cars')!.number + 1)
  })

  test('takes an offer however few people there are yet: that is asked when a buyer asks', async () => {
    const files = exported(world)
    const price = { kind: 'free' }
    const offer = { seller: 'dmp', segments: ['cars'], price, uses: ['bid_enrichment'] }
    const asked: unknown[] = []
    const reach = { upToDate: async () => void asked.push('reach') }
    Object.assign(world.exchange.deskDeps, { reach })
    await apply(world, { ...files, 'offers/cars.json': offer })
    expect([asked, world.desk.getOffer(OPERATOR, 'cars').value.minPeople]).toEqual([[], 1_000])
  })

  test('keeps what an imported deal’s seller said of it', async () => {
    const files = exported(world)
    const source = { dialect: 'deal_sync', status: 'paused', fields: ['name'], kept: { desc: 'x' } }
    files['deals/d.json'] = { ...(files['deals/d.json'] as object), source }
    await apply(world, files)
    await apply(other, exported(world))
    expect(other.desk.getDeal(OPERATOR, 'd').value.source).toEqual(source)
    const bad = { ...files, 'deals/d.json': { ...(files['deals/d.json'] as object), source: {} } }
    expect((await refusal(() => apply(world, bad))).word).toBe('invalid')
  })

  test('a tenant may neither read nor write the whole', async () => {
    const tenant = { operator: true, partner: 'dmp' }
    expect((await refusal(() => world.desk.exportCatalog(tenant))).word).toBe('forbidden')
    const options = { files: {}, prune: true, dryRun: true }
    expect((await refusal(() => world.desk.applyCatalog(tenant, options))).word).toBe('forbidden')
  })
})

/** A catalog of every kind, some of it naming each other across and in circles. */
async function build(random: Random, into = world): Promise<void> {
  const partners = Array.from({ length: 4 }, (_, i) => `p${i}`)
  for (const id of partners) await into.partner(id)
  for (const id of partners)
    if (random() < 0.5)
      await into.partner(id, {
        exchange: random.pick(partners),
        sync: { route: [random.pick(partners)] },
        status: random.pick(['active', 'paused']),
      })
  for (let i = 0; i < 3; i++)
    await into.desk.putNamespace(OPERATOR, {
      name: `ids${i}.example`,
      body: { kind: 'eid', ...(random() < 0.5 ? { owner: random.pick(partners) } : {}) },
    })
  const owners = new Map<string, string>()
  for (let i = 0; i < 6; i++) {
    const [id, owner] = [`s${random.int(9)}`, random.pick(partners)]
    if (owners.has(id)) continue
    owners.set(id, owner)
    await into.segment(id, owner, random() < 0.3 ? { taxonomy: { segtax: 4, id: '5' } } : {})
  }
  for (let i = 0; i < 3; i++) {
    const [segment, seller] = random.pick([...owners])
    const body = randomOffer(random, segment, seller)
    await unlessExclusive(() => into.desk.putOffer(OPERATOR, { id: `o${i}`, body }))
  }
  for (let i = 0; i < 4; i++)
    await unlessExclusive(() => into.contract(`c${i}`, randomContract(random, partners, owners)))
  for (let i = 0; i < 5; i++)
    await into.deal(`d${random.int(9)}`, {
      seller: random.pick(partners),
      exchange: random.pick(partners),
      bidfloor: random.pick(['2.50', 3, '0.10']),
      ...(random() < 0.7 ? { audience: { any: [random.pick([...owners.keys()])] } } : {}),
      ...(random() < 0.3 ? { regions: ['EU'], timeZone: 'Europe/Paris' } : {}),
    })
}

/** What is sold exclusively already is not sold again. */
async function unlessExclusive(write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!(error instanceof Refused) || error.word !== 'conflict') throw error
  }
}

function randomOffer(random: Random, segment: string, seller: string) {
  const more = random() < 0.5 ? { exclusive: { until: '2030-01-01' } } : {}
  const price = { kind: 'cpm', amountMicros: 1_000_000, currency: 'EUR' }
  const status = random.pick(['open', 'closed'])
  return { seller, segments: [segment], price, uses: ['bid_enrichment'], status, ...more }
}

/** Objects of every kind that can go are made, changed and deleted. */
async function change(random: Random, into: World): Promise<void> {
  await into.partner('new', { exchange: 'p0' })
  await into.partner('p1', { name: 'renamed', exchange: 'new', sync: { route: ['new', 'p0'] } })
  await into.segment('fresh', random.pick(['new', 'p2']))
  await into.deal('made', { seller: 'p2', exchange: 'new', audience: { all: ['fresh'] } })
  for (const { id } of into.desk.listDeals(OPERATOR, {}).items) {
    if (id === 'made') continue
    if (random() < 0.4) await into.desk.deleteDeal(OPERATOR, { id })
    else if (random() < 0.5)
      await into.deal(id, { seller: 'p0', exchange: 'p3', dealId: `PM-${id}`, at: 1 })
  }
}

function randomContract(random: Random, partners: string[], owners: Map<string, string>) {
  const [segment, seller] = random.pick([...owners])
  return contractBody({
    seller,
    buyer: random.pick(partners.filter((id) => id !== seller)),
    segments: [segment],
    status: random.pick(['draft', 'active', 'paused', 'revoked']),
    writeAs: 'own',
  })
}

function shuffled(random: Random, files: Files): Files {
  return Object.fromEntries(
    Object.entries(files)
      .map((entry) => [random(), entry] as const)
      .sort(([a], [b]) => a - b)
      .map(([, entry]) => entry),
  )
}

function sortedByPath(files: Files): Files {
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function textsOf(files: Files): string[] {
  return Object.entries(files).map(([path, file]) => path + fileText(file as object))
}
