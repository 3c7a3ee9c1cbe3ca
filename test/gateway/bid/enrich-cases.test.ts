import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BidHouse, caseWorld } from '../../support/bid-house.ts'

// Golden cases that an ad-ops person can read: test/cases/enrich. Each request goes over a real socket.

interface Case {
  name: string
  /** Who asks; the first buyer of the world where absent. */
  buyer?: string
  key?: string
  query?: string
  headers?: Record<string, string>
  /** The request as JSON, or as the very text. */
  request?: object
  raw?: string
  status?: number
  /** The answer as JSON, or as the very text; neither: the same bytes. */
  answer?: Answer
  answerRaw?: string
  dataInAnyOrder?: boolean
  /** The answer is no request that could be enriched again. */
  once?: boolean
  /** x-passerelle-reason */
  reason?: string
}

interface Answer {
  user?: { data?: unknown[] }
}

const folder = new URL('../../cases/enrich/', import.meta.url)
let house: BidHouse

beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(caseWorld())
})
afterAll(() => house.close())

for (const shelf of ['exemplary', 'supplemental'])
  for (const file of readdirSync(new URL(`${shelf}/`, folder)))
    describe(`${shelf}/${file}`, () => {
      const cases = JSON.parse(readFileSync(new URL(`${shelf}/${file}`, folder), 'utf8')) as Case[]
      test.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => check(one))
    })

async function check(one: Case): Promise<void> {
  const sent = one.raw ?? JSON.stringify(one.request)
  const { buyer = 'north-dsp', key, query = '', headers = {} } = one
  const got = await house.enrich(sent, { buyer: key ?? buyer, query, headers })
  expect(got.status).toBe(one.status ?? 200)
  expect(got.headers['x-passerelle-reason']).toBe(one.reason)
  if (got.status !== 200) {
    expect(got.body.length).toBe(0)
    return
  }
  if (one.answerRaw !== undefined) expect(got.body.toString()).toBe(one.answerRaw)
  else if (one.answer === undefined) expect(got.body.toString()).toBe(sent)
  else compare(JSON.parse(got.body.toString()) as Answer, one)
  if (one.once) return
  const again = await house.enrich(got.body, { buyer, query })
  expect(again.body.toString(), 'enriching twice changes nothing').toBe(got.body.toString())
}

function compare(got: Answer, { answer, dataInAnyOrder }: Case): void {
  if (!dataInAnyOrder) {
    expect(withoutTokens(got)).toBe(JSON.stringify(answer))
    return
  }
  const sorted = (one: Answer | undefined) =>
    one?.user?.data?.map((data) => JSON.stringify(data)).sort()
  expect(sorted(got)).toEqual(sorted(answer))
}

/** Every answer has a token of its own: cases say that there is one. */
function withoutTokens(answer: Answer): string {
  return JSON.stringify(answer).replaceAll(
    /"t":"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{48}"/g,
    '"t":"<token>"',
  )
}
