import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dealJson } from '../../exchange/deal.ts'
import { decimalText, sameDecimal } from '../../exchange/deal-import/decimal-text.ts'
import { Lexeme } from '../../exchange/deal-import/foreign-document.ts'
import { readDealDocument } from '../../exchange/deal-import/read-deal-document.ts'
import type { ImportParties } from '../../exchange/desk/import-deal.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { parseLexical } from '../../proto/lexical-json.ts'
import { type Actor, OPERATOR, refusal, refusedFields, World } from './world.ts'

// Each case under test/cases/deal-import is a document as a foreign system sends it, and the deal it
// becomes, or which of its fields refuse it.

interface Case {
  about: string
  raw: string
  parties?: ImportParties
  id?: string
  deal?: object
  /** The deal as it stands in a request. */
  json?: string
  sellerStatus?: string
  notApplied?: string[]
  ignored?: string[]
  refused?: { word: string; fields: string[] }
}

let world: World
beforeEach(async () => {
  world = await World.open()
  for (const id of ['plaza', 'hill', 'bazaar']) await world.partner(id)
  for (const id of ['twin-a', 'twin-b']) await world.partner(id, { domain: 'twins.example' })
  await world.segment('cars', 'hill')
})
afterEach(() => world.close())

const HILL: Actor = { operator: false, partner: 'hill' }

function documentOf(raw: string) {
  const text = raw.replace(/%(\d+)%/, (_, n) => 'x'.repeat(Number(n)))
  return readDealDocument(parseLexical(text, (lexeme) => new Lexeme(lexeme)))!
}

async function send(raw: string, parties: ImportParties = {}, actor = OPERATOR) {
  const { results, written } = await world.desk.importDeals(actor, {
    documents: [documentOf(raw)],
    parties,
  })
  const [result] = results
  if (result!.outcome === 'refused') throw result!.error
  return { value: result!.deal, outcome: result!.outcome, written }
}

const folder = new URL('../cases/deal-import/', import.meta.url)
for (const shelf of ['exemplary', 'supplemental'])
  for (const file of readdirSync(new URL(`${shelf}/`, folder)))
    describe(`${shelf}/${file}`, () => {
      const cases = JSON.parse(readFileSync(new URL(`${shelf}/${file}`, folder), 'utf8')) as Case[]
      test.each(cases.map((one) => [one.about, one] as const))('%s', (_, one) => check(one))
    })

async function check(one: Case): Promise<void> {
  if (one.refused) {
    const { word, problems } = await refusal(() => send(one.raw, one.parties))
    expect({ word, fields: problems.map(({ field }) => field) }).toEqual(one.refused)
    return
  }
  const { value, outcome } = await send(one.raw, one.parties)
  const document = documentOf(one.raw)
  const { id, ...deal } = value
  expect([outcome, id]).toEqual(['created', one.id])
  if (one.deal) expect(deal).toEqual(one.deal)
  if (one.json) expect(dealJson(id, deal)).toBe(one.json)
  if (one.sellerStatus) expect(deal.source?.status).toBe(one.sellerStatus)
  const notApplied = document.keptFields.filter(({ reason }) => reason === 'not_applied')
  expect(notApplied.map(({ field }) => field)).toEqual(one.notApplied ?? [])
  expect(document.ignored).toEqual(one.ignored ?? [])
  const again = await send(one.raw, one.parties)
  expect([again.outcome, again.written]).toEqual(['unchanged', []])
}

describe('sent again', () => {
  const sync = (more: object = {}, terms: object = {}) =>
    JSON.stringify({ id: 'D1', origin: 'plaza.example', seller: 'hill.example', ...more, terms })

  test('it is the same deal: the sender’s words are replaced, and what it leaves out is gone', async () => {
    await send(sync({ name: 'One', wseat: ['a'] }, { dealfloor: 1, cur: 'EUR' }))
    const { value, outcome } = await send(sync({}, { dealfloor: 2 }))
    expect([outcome, value.bidfloor, value.bidfloorcur]).toEqual(['updated', '2', undefined])
    expect([value.wseat, value.name]).toEqual([undefined, 'D1'])
  })

  test('what the desk added stays, its pause above all', async () => {
    await send(sync())
    const { value } = world.desk.getDeal(OPERATOR, 'd1')
    const added = {
      audience: { any: ['cars'] },
      buyers: ['bazaar'],
      site: 'news',
      status: 'paused',
    }
    await world.desk.putDeal(OPERATOR, { id: 'd1', body: { ...value, ...added } })
    const again = (await send(sync({ name: 'Two' }))).value
    expect(again).toMatchObject({ ...added, name: 'Two' })
    expect(again.source?.dialect).toBe('deal_sync')
  })

  test('archived it stays: it cannot be active again', async () => {
    await send(sync({ sellerstatus: 4 }))
    expect(await refusedFields(() => send(sync({ sellerstatus: 0 })))).toBe('conflict sellerstatus')
    await send(sync({ sellerstatus: 4, name: 'Archived' }))
  })

  test('of the same id on another exchange it is another deal', async () => {
    const ids = []
    for (const origin of ['plaza.example', 'bazaar.example'])
      ids.push((await send(sync({ origin }))).value.id)
    expect(ids[0]).toBe('d1')
    expect(ids[1]).toMatch(/^d1-[0-9a-f]{12}$/)
    expect((await send(sync({ origin: 'bazaar.example' }))).value.id).toBe(ids[1])
  })

  test('by another seller it is refused', async () => {
    await send(sync())
    expect(await refusedFields(() => send(sync({ seller: 'bazaar.example' })))).toBe('conflict id')
  })

  test('it leaves the bid path while its seller has it paused, whatever the desk says', async () => {
    const withheld = () =>
      Object.fromEntries(
        world.view('bazaar').deals(world.exchange.catalog()!.partner('plaza')!.number)!.withheld(),
      )
    await send(sync())
    expect(withheld()).toEqual({})
    await send(sync({ sellerstatus: 1 }))
    expect(withheld()).toEqual({ deal_held_by_seller: 1 })
    await send(sync({ sellerstatus: 0 }))
    expect(withheld()).toEqual({})
  })
})

describe('a partner’s key', () => {
  const agent = '{"deal_id":"A1","floor_price_cpm":1.10}'
  const parties = { seller: 'hill', exchange: 'plaza' }

  test('brings its own deals, and nobody else’s', async () => {
    expect((await send(agent, parties, HILL)).value.bidfloor).toBe('1.10')
    const foreign = { ...parties, seller: 'bazaar' }
    expect(await refusedFields(() => send(agent, foreign, HILL))).toBe('forbidden seller')
    const sync = '{"id":"S1","origin":"plaza.example","seller":"bazaar.example","terms":{}}'
    expect(await refusedFields(() => send(sync, parties, HILL))).toBe('forbidden seller')
  })
})

describe('several documents', () => {
  const document = (id: string, more: object = {}) =>
    documentOf(JSON.stringify({ deal_id: id, floor_price_cpm: 1, ...more }))
  const parties = { seller: 'hill', exchange: 'plaza' }

  test('are one write: other processes see none of them or all', async () => {
    const { version } = world.feed.current()!
    const documents = ['A', 'B', 'C'].map((id) => document(id))
    const { written } = await world.desk.importDeals(OPERATOR, { documents, parties })
    expect(world.feed.current()!.version).toBe(version + 1)
    expect(written).toEqual(
      ['a', 'b', 'c'].map((id) => ({ kind: 'deal', id, before: null, after: version + 1 })),
    )
  })

  test('about one deal: the last word counts, and each is told what it did', async () => {
    const documents = [
      document('A'),
      document('A', { name: 'Last' }),
      document('A', { name: 'Last' }),
    ]
    const { results } = await world.desk.importDeals(OPERATOR, { documents, parties })
    expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'updated', 'unchanged'])
    expect(world.desk.getDeal(OPERATOR, 'a').value.name).toBe('Last')
  })

  test('written while somebody else writes the same deal are taken anew', async () => {
    const { write } = world.catalog
    let others = 1
    world.catalog.write = async (writes) => {
      if (others-- > 0)
        await world.desk.putDeal(OPERATOR, {
          id: 'a',
          body: {
            name: `by hand ${others}`,
            seller: 'hill',
            exchange: 'plaza',
            wadomain: ['x.example'],
            dealId: 'A',
          },
        })
      return write.call(world.catalog, writes)
    }
    const { results } = await world.desk.importDeals(OPERATOR, {
      documents: [document('A')],
      parties,
    })
    expect(results).toMatchObject([{ outcome: 'updated', deal: { wadomain: ['x.example'] } }])
  })

  test('of a partner’s key do not fill the catalog', async () => {
    const records = Array.from({ length: LIMITS.sellerDealsMax - 1 }, (_, i) => ({
      kind: 'deal',
      id: `x${i}`,
      value: { name: 'x', seller: 'hill', exchange: 'plaza', status: 'active' },
    }))
    await world.catalog.write(records)
    const documents = ['A', 'x7', 'B'].map((id) => document(id))
    const { results } = await world.desk.importDeals(HILL, { documents, parties })
    expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'updated', 'refused'])
    expect((await send('{"deal_id":"B"}', parties)).outcome).toBe('created')
  })
})

describe('amounts', () => {
  const digits = fc.stringMatching(/^\d{1,12}$/)
  const decimal = fc.tuple(digits, fc.option(digits, { nil: undefined }))

  test('an exponent is written out to the last digit', () => {
    fc.assert(
      fc.property(decimal, fc.integer({ min: -30, max: 30 }), ([whole, fraction], exponent) => {
        const text = fraction === undefined ? whole : `${whole}.${fraction}`
        const plain = decimalText(`${text}e${exponent}`)!
        expect(plain).toMatch(/^\d+(\.\d+)?$/)
        expect(scaled(plain, 60)).toBe(scaled(text, 60 + exponent))
        expect(decimalText(text)).toBe(text)
      }),
    )
  })

  test('are the same whatever noughts they end or begin with', () => {
    fc.assert(
      fc.property(decimal, decimal, ([a, b], [c, d]) => {
        const [one, other] = [`${a}.${b ?? '0'}`, `${c}.${d ?? '0'}`]
        expect(sameDecimal(one, other)).toBe(scaled(one, 30) === scaled(other, 30))
        expect(sameDecimal(one, `00${one}00`)).toBe(true)
      }),
    )
  })

  test('what is no amount is none', () => {
    for (const text of ['', '.5', '5.', '-1', '1,5', '0x10', 'Infinity', '1e', '1e9999', ' 1'])
      expect([text, decimalText(text)]).toEqual([text, undefined])
  })
})

/** The number in units of 10^-places, exactly. */
function scaled(text: string, places: number): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction) * 10n ** BigInt(places - fraction.length)
}
