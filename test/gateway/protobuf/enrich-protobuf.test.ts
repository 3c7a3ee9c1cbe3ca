import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeTcString } from '../../../bench/tc-string.ts'
import { messageField, numberField, textField } from '../../../proto/message-fields.ts'
import { BidHouse, caseWorld, type World } from '../../support/bid-house.ts'
import { corpusLines } from '../../support/corpus.ts'
import {
  AGREED,
  asMessage,
  decodePlain,
  encodeJson,
  officialType,
  ownType,
} from '../../support/openrtb-message.ts'

// The oracle is the answer in JSON: in protobuf it is the same, as far as both can say it.

const TC_YES = writeTcString({ createdDay: 20_500, vendorsMax: 60, has: () => true })
/** Of a traveller. */
const IFA = '6d92078a-8246-4ba4-ae5b-76104861e7dc'
const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const folder = new URL('../../cases/enrich/', import.meta.url)
const type = ownType()
let house: BidHouse

/** The world of the cases; its buyers have agreed on fields for what the standard has none for. */
function agreedWorld(): World {
  const world = caseWorld()
  for (const id of ['north-dsp', 'south-dsp'])
    Object.assign(world.partners[id]!, { settings: { wires: { protobuf: AGREED } } })
  return world
}

beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(agreedWorld())
})
afterAll(() => house.close())

interface Case {
  name: string
  buyer?: string
  query?: string
  headers?: Record<string, string>
  request?: object
  answer?: object
  dataInAnyOrder?: boolean
  once?: boolean
  reason?: string
  status?: number
}

/** Cases whose request says nothing that a message cannot say; traces are in JSON only. */
const cases = ['exemplary', 'supplemental'].flatMap((shelf) =>
  readdirSync(new URL(`${shelf}/`, folder)).flatMap((file) =>
    (JSON.parse(readFileSync(new URL(`${shelf}/${file}`, folder), 'utf8')) as Case[]).filter(
      ({ request, headers = {}, status = 200 }) =>
        request !== undefined &&
        status === 200 &&
        isSaid(request, asMessage(type, request)) &&
        !/trace/.test(headers['prefer'] ?? ''),
    ),
  ),
)

/** Whether all of a value but what nobody here reads is in a message. */
function isSaid(value: unknown, message: unknown): boolean {
  if (Array.isArray(value))
    return Array.isArray(message) && value.every((one, i) => isSaid(one, message[i]))
  if (typeof value !== 'object' || value === null)
    return message !== undefined && String(Number(value)) === String(Number(message))
  return Object.entries(value).every(
    ([name, inner]) =>
      ['banner', 'video', 'badv', 'bcat'].includes(name) ||
      isSaid(inner, (message as Record<string, unknown> | undefined)?.[name]),
  )
}

describe('the cases of JSON, in protobuf', () => {
  test('most of them can be said in it', () => expect(cases.length).toBeGreaterThan(25))

  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const sent = encodeJson(type, one.request)
    const { buyer = 'north-dsp', query = '', headers = {} } = one
    const got = await house.enrich(sent, { buyer, query, headers: { ...headers, ...PROTOBUF } })
    expect(got.headers['x-passerelle-reason']).toBe(one.reason)
    if (one.answer === undefined) {
      if (got.status === 200) expect(got.body).toEqual(sent)
      return
    }
    expect([got.status, got.headers['content-type']]).toEqual([200, PROTOBUF['content-type']])
    const answer = plain(got.body, one.dataInAnyOrder)
    expect(answer).toEqual(plain(encodeJson(type, one.answer), one.dataInAnyOrder))
    if (one.once) return
    const again = await house.enrich(got.body, { buyer, query, headers: PROTOBUF })
    expect(again.body, 'enriching twice changes nothing').toEqual(got.body)
  })
})

interface Plain {
  user?: { data?: { ext?: { t?: string } }[] }
}

/** Every answer has tokens of its own. */
function plain(bytes: Buffer, isAnyOrder = false): unknown {
  const message = decodePlain(type, bytes) as Plain
  if (isAnyOrder)
    message.user?.data?.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  return JSON.parse(
    JSON.stringify(message).replaceAll(/"t":"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{48}"/g, '"t":"<token>"'),
  )
}

describe('golden bytes', () => {
  interface Golden {
    name: string
    request: string
    answer: string
  }
  const path = new URL('../../cases/enrich-protobuf/exemplary/spliced.json', import.meta.url)
  const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden[]
  const bytesOf = (lines: string) => Buffer.from(lines.replaceAll(' ', ''), 'hex')

  test.each(golden.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const got = await house.enrich(bytesOf(one.request), {
      buyer: 'north-dsp',
      headers: PROTOBUF,
    })
    expect(got.body.toString('hex')).toBe(bytesOf(one.answer).toString('hex'))
  })
})

describe('what the bytes are left as', () => {
  const request = (more: Buffer[]) =>
    Buffer.concat([textField(1, 'r'), messageField(6, textField(2, 'own')), ...more])
  const enrich = (bytes: Buffer, headers: Record<string, string> = {}) =>
    house.enrich(bytes, { buyer: 'north-dsp', headers: { ...PROTOBUF, ...headers } })
  const data = messageField(
    8,
    Buffer.concat([
      textField(1, 'north-dsp'),
      textField(2, 'north.example'),
      messageField(3, textField(1, 'buyers-own')),
    ]),
  )

  test('unknown fields and extensions of either placement stay where they are', async () => {
    const odd = [textField(1000, 'beeswax'), messageField(99, textField(500, 'x'))]
    const user = Buffer.concat([...odd, textField(2, 'own'), numberField(77, 300)])
    const before = Buffer.concat([textField(1, 'r'), ...odd, numberField(8, 90)])
    const after = Buffer.concat(odd)
    const got = await enrich(Buffer.concat([before, messageField(6, user), after]))
    const enriched = messageField(6, Buffer.concat([user, data]))
    expect(got.body).toEqual(Buffer.concat([before, enriched, after]))
  })

  test('of two users the last is added to, and its length is written as long as it was', async () => {
    const long = Buffer.from([0x32, 0x80 + 2, 0x00, 0x18, 0x00])
    const got = await enrich(request([long]))
    const last = Buffer.concat([
      Buffer.from([0x32, 0x80 + 2 + data.length, 0x00, 0x18, 0x00]),
      data,
    ])
    expect(got.body).toEqual(request([last]))
  })

  test('a request without a user gets one at its end', async () => {
    const device = messageField(5, textField(20, '6d92078a-8246-4ba4-ae5b-76104861e7dc'))
    const bytes = Buffer.concat([textField(1, 'r'), device])
    const got = await enrich(bytes)
    expect(got.body.subarray(0, bytes.length)).toEqual(bytes)
    expect(decodePlain(type, got.body)).toMatchObject({
      user: { data: [{ name: 'hill.example', segment: [{ id: 'travel' }] }] },
    })
  })

  test('what is added to a message at the very end of a request without a user stands within it', async () => {
    const device = messageField(5, textField(20, '6d92078a-8246-4ba4-ae5b-76104861e7dc'))
    const regs = messageField(14, messageField(99, messageField(4, numberField(1, 1))))
    const got = await enrich(Buffer.concat([textField(1, 'r'), device, regs]))
    expect(decodePlain(type, got.body)).toMatchObject({
      regs: { ext: { dsa: { transparency: [{ domain: 'hill.example' }] } } },
      user: { data: [{ name: 'hill.example', segment: [{ id: 'travel' }] }] },
    })
  })

  test.for([
    'application/protobuf',
    'application/octet-stream',
    'application/vnd.google.protobuf',
    'APPLICATION/X-Protobuf; charset=x',
  ])('content type %s is answered in kind', async (content) => {
    const got = await enrich(request([]), { 'content-type': content })
    expect(got.headers['content-type']).toBe(content)
    expect(decodePlain(type, got.body)).toHaveProperty('user.data')
  })

  test('JSON sent as octets is JSON, in gzip too', async () => {
    const json = Buffer.from(`{"id":"1","user":{"buyeruid":"own"},"ext":"${'x'.repeat(90_000)}"}`)
    for (const body of [json, gzipSync(json)]) {
      const got = await enrich(body, { 'content-type': 'application/octet-stream' })
      expect(JSON.parse(got.body.toString()).user.data).toHaveLength(1)
    }
    const message = gzipSync(request([]))
    const got = await enrich(message, { 'content-type': 'application/octet-stream' })
    expect(decodePlain(type, got.body)).toHaveProperty('user.data')
  })

  test('what Google’s Authorized Buyers says of privacy is read where it says it', async () => {
    const [gdpr, consent, atts] = [
      messageField(14, messageField(1001, numberField(1, 1))),
      messageField(6, messageField(1007, textField(2, TC_YES))),
      messageField(5, messageField(1066, numberField(3, 2))),
    ]
    const reasonOf = async (...more: Buffer[]) =>
      (await enrich(request(more))).headers['x-passerelle-reason']
    expect(await reasonOf(gdpr)).toBe('denied_tcf_no_string')
    expect(await reasonOf(gdpr, consent)).toBeUndefined()
    const device = (more: Buffer) =>
      enrich(Buffer.concat([textField(1, 'r'), messageField(5, textField(20, IFA)), more]))
    expect((await device(Buffer.alloc(0))).headers['x-passerelle-reason']).toBeUndefined()
    expect((await device(atts)).headers['x-passerelle-reason']).toBe('no_ids')
  })

  test('what others have under those numbers is no fault', async () => {
    for (const other of [numberField(1001, 7), textField(1001, 'text'), textField(1001, '')]) {
      const got = await enrich(request([messageField(14, other)]))
      expect([got.status, got.headers['x-passerelle-reason']]).toEqual([200, undefined])
    }
  })

  test('what is no message is refused with an empty body', async () => {
    for (const [bytes, reason] of [
      [Buffer.from([0x33, 0x34]), 'not_protobuf'],
      [Buffer.from([0x0a, 0x05, 0x31]), 'not_protobuf'],
      [textField(9, 'seat'), 'no_id'],
    ] as const) {
      const got = await enrich(bytes)
      expect([got.status, got.body.length]).toEqual([400, 0])
      expect(got.headers['x-passerelle-reason']).toBe(reason)
    }
  })
})

test('without agreed fields a taxonomy has no number, and what is billed on notice is not given', async () => {
  const plainHouse = await BidHouse.open()
  await plainHouse.settle(caseWorld())
  const ask = async (buyeruid: string) => {
    const body = encodeJson(type, { id: 'r', user: { buyeruid } })
    const got = await plainHouse.enrich(body, { buyer: 'north-dsp', headers: PROTOBUF })
    return { got, user: (decodePlain(type, got.body) as { user: { data?: object[] } }).user }
  }
  const { user, got } = await ask('golfer')
  expect(user.data).toEqual([
    { id: 'data-lake', name: 'lake.example', segment: [{ id: 'golf' }] },
    { id: 'data-lake', name: 'lake.example', segment: [{ id: '530' }] },
  ])
  const again = await plainHouse.enrich(got.body, { buyer: 'north-dsp', headers: PROTOBUF })
  expect(again.body).toEqual(got.body)
  expect((await ask('stage')).user.data).toHaveLength(1)
  await plainHouse.close()
})

describe.skipIf(officialType() === undefined)('foreign requests, in the official schema', () => {
  test('each is what it was, decoded, with the additions pushed', async () => {
    const official = officialType()!
    const lines = corpusLines('openrtb/requests.ndjson')
    let enriched = 0
    for (const line of lines) {
      const json = JSON.parse(line.toString()) as Record<string, unknown>
      const user = { ...(json['user'] as object), buyeruid: 'own' }
      const sent = encodeJson(official, { ...json, user, id: String(json['id'] ?? 'r') })
      const got = await house.enrich(sent, { buyer: 'north-dsp', headers: PROTOBUF })
      expect(got.status).toBe(200)
      const before = decodePlain(official, sent) as { user: { data?: object[] } }
      if (got.headers['x-passerelle-reason'] === undefined) {
        enriched++
        before.user.data = [...(before.user.data ?? []), OWN]
      } else expect(got.body).toEqual(sent)
      const after = decodePlain(official, got.body)
      expect({ ...after, regs: undefined }).toEqual({ ...before, regs: undefined })
    }
    expect(enriched).toBeGreaterThan(1_000)
  })
  const OWN = { id: 'north-dsp', name: 'north.example', segment: [{ id: 'buyers-own' }] }
})
