import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../audience/limits.ts'
import { IFA, idFault, idForm } from '../../../audience/namespace.ts'
import { Candidates, type IdPlace, IdPlaces } from '../../../audience/people/candidates.ts'
import { type IdentifySettings, identify } from '../../../audience/people/identify.ts'
import { nameOf } from '../../../audience/people/shared-reads.ts'
import { BidFacts } from '../../../proto/bid-facts.ts'
import { RequestPlaces } from '../../../proto/request-places.ts'
import { ScanOutcome } from '../../../proto/scan-outcome.ts'
import { scanRequest } from '../../../proto/scan-request.ts'
import { seeded } from '../../support/random.ts'
import { keys } from './world.ts'

const BUYER = 11
const USER = 12
const sources = new Map([
  ['liveramp.com', 21],
  ['id5-sync.com', 22],
  ['uid2', 23],
])
const usual: IdentifySettings = {
  order: IdPlaces,
  buyerNamespace: BUYER,
  userIdNamespace: USER,
  eidResolvers: new Map(),
  ownInserter: '',
  eidNamespaces: sources,
  ifaUsable: true,
}

const candidates = new Candidates()

/** Names of the keys found in a request given as JSON text. */
function found(json: string, settings: Partial<IdentifySettings> = {}): string[] {
  const facts = new BidFacts()
  expect(scanRequest(Buffer.from(json), facts, new RequestPlaces())).toBe(ScanOutcome.ok)
  identify(facts, { ...usual, ...settings }, keys, candidates)
  return candidates.list.keys().map(nameOf)
}

function request(user: string, device = '{}'): string {
  return `{"id":"1","user":${user},"device":${device}}`
}

const key = (namespace: number, value: string) => nameOf(keys.of(namespace, value))

const full = request(
  `{"ext":{"eids":[{"uids":[{"id":"x1"},{"id":"x2"}],"source":"uid2"}]},"id":"u","buyeruid":"b",
    "eids":[{"source":"LiveRamp.com","uids":[{"id":"r1"}]},{"source":"who","uids":[{"id":"w"}]},
            {"uids":[{"id":"i1","atype":1},{"id":7}],"source":"id5-sync.com"}]}`,
  '{"ifa":"AAAA-1"}',
)

describe('identify', () => {
  it('takes buyeruid, user.id, user.eids, user.ext.eids, and the device’s id last, wherever they stand', () => {
    const eids = [key(21, 'r1'), key(22, 'i1'), key(22, '7'), key(23, 'x1'), key(23, 'x2')]
    expect(found(full)).toEqual([key(BUYER, 'b'), key(USER, 'u'), ...eids, key(1, 'aaaa-1')])
    const places = [...candidates.place.subarray(0, candidates.count)].map((at) => IdPlaces[at])
    expect(places).toEqual(['buyeruid', 'user_id', ...eids.map(() => 'eids'), 'ifa'])
    expect([...candidates.namespace.subarray(0, 3)]).toEqual([BUYER, USER, 21])
  })

  it('follows the order it is given, and leaves out what is not named or not usable', () => {
    expect(found(full, { order: ['ifa', 'buyeruid'] })).toEqual([key(1, 'aaaa-1'), key(BUYER, 'b')])
    expect(found(full, { order: ['ifa', 'user_id'], ifaUsable: false })).toEqual([key(USER, 'u')])
    const without = { buyerNamespace: 0, userIdNamespace: 0, eidNamespaces: new Map() }
    expect(found(full, without)).toEqual([key(1, 'aaaa-1')])
  })

  it('takes numbers as they are written, and text with its escapes decoded', () => {
    expect(found(request('{"buyeruid":1.50,"id":-3}'))).toEqual([
      key(BUYER, '1.50'),
      key(USER, '-3'),
    ])
    expect(found(request('{"buyeruid":"\\u0062\\/\\u00e9"}'))).toEqual([key(BUYER, 'b/é')])
    const escaped = '{"eids":[{"source":"liver\\u0061mp.com","uids":[{"id":"a\\"b"}]}]}'
    expect(found(request(escaped))).toEqual([key(21, 'a"b')])
  })

  it('finds no id in anything else', () => {
    const odd = ['null', 'true', '{}', '[]', '["b"]', '""', '"a\\u0000b"', '"a\\nb"', '"\u007f"']
    for (const value of odd) expect(found(request(`{"buyeruid":${value}}`)), value).toEqual([])
    const users = ['"text"', 'null', '[]', '7', '{"eids":7}', '{"eids":[7,null,{}]}']
    for (const user of users) expect(found(request(user)), user).toEqual([])
    const eid = (value: string) => `{"eids":[{"source":"uid2","uids":${value}}]}`
    for (const uids of ['7', '{}', '[7]', '[{}]', '[{"id":null}]', 'null'])
      expect(found(request(eid(uids))), uids).toEqual([])
    expect(found(request('{"eids":[{"uids":[{"id":"a"}]}]}'))).toEqual([])
    expect(found(request('{"eids":[{"source":7,"uids":[{"id":"a"}]}]}'))).toEqual([])
    const zeros = '{"ifa":"00000000-0000-0000-0000-000000000000"}'
    expect(found(request('{}', zeros))).toEqual([])
  })

  it('bounds the length of an id in bytes, however it is written', () => {
    const longest = 'é'.repeat(LIMITS.idBytesMax / 2)
    const escapes = '\\u00e9'.repeat(LIMITS.idBytesMax / 2)
    expect(found(request(`{"buyeruid":"${longest}"}`))).toEqual([key(BUYER, longest)])
    expect(found(request(`{"buyeruid":"${escapes}"}`))).toEqual([key(BUYER, longest)])
    expect(found(request(`{"buyeruid":"${longest}a"}`))).toEqual([])
    expect(found(request(`{"buyeruid":"${escapes}a"}`))).toEqual([])
    expect(found(request(`{"buyeruid":"${'\\u0061'.repeat(9_000)}"}`))).toEqual([])
  })

  it('lets the last of a field given twice count, usable or not', () => {
    expect(found(request('{"buyeruid":"a","buyeruid":"b"}'))).toEqual([key(BUYER, 'b')])
    expect(found(request('{"buyeruid":"a","buyeruid":null}'))).toEqual([])
    const twice = '{"eids":[{"source":"uid2","uids":[{"id":"a"}],"source":"liveramp.com"}]}'
    expect(found(request(twice))).toEqual([key(21, 'a')])
  })

  it('asks each key once, and no more than its bound', () => {
    const uids = (ids: string[]) => `[${ids.map((id) => `{"id":"${id}"}`).join()}]`
    const eid = (ids: string[]) => request(`{"eids":[{"source":"uid2","uids":${uids(ids)}}]}`)
    expect(found(eid(['a', 'b', 'a']))).toEqual([key(23, 'a'), key(23, 'b')])
    const many = Array.from({ length: 50 }, (_, i) => `n${i}`)
    const first = many.slice(0, LIMITS.candidatesMax).map((id) => key(23, id))
    expect(found(eid(many))).toEqual(first)
  })

  it('agrees with a model over JSON.parse on random requests', () => {
    const seed = Number(process.env['SEED'] ?? 20_261)
    const random = seeded(seed)
    for (let round = 0; round < 3_000; round++) {
      const json = JSON.stringify(randomRequest(random))
      const order = shuffled(random)
      const ifaUsable = random() < 0.8
      expect(found(json, { order, ifaUsable }), `seed ${seed} round ${round}: ${json}`).toEqual(
        modelled(JSON.parse(json), order, ifaUsable),
      )
    }
  })
})

type Random = ReturnType<typeof seeded>

function randomRequest(random: Random): object {
  const odd = [
    null,
    '',
    5,
    0,
    true,
    {},
    [],
    'a',
    'B',
    'é',
    'a"b',
    'x\ny',
    '\u007f',
    'z'.repeat(513),
  ]
  const value = () => (random() < 0.6 ? `v${random.int(5)}` : random.pick(odd))
  const source = () => random.pick([...sources.keys(), 'UID2', 'who', '', 7, null])
  const uid = () => random.pick([{ id: value() }, { id: value(), atype: 1 }, {}, null, 3])
  const eid = () => ({ source: source(), uids: Array.from({ length: random.int(4) }, uid) })
  const eids = () => (random() < 0.9 ? Array.from({ length: random.int(4) }, eid) : value())
  const user: Record<string, unknown> = {}
  for (const field of ['buyeruid', 'id']) if (random() < 0.6) user[field] = value()
  if (random() < 0.6) user['eids'] = eids()
  if (random() < 0.5) user['ext'] = random() < 0.9 ? { eids: eids() } : value()
  const ifa = random.pick([value(), 'ABC', '0000-00', '0'])
  return { id: '1', user: random() < 0.95 ? user : value(), device: random() < 0.8 ? { ifa } : {} }
}

function shuffled(random: Random): IdPlace[] {
  const left = [...IdPlaces]
  const order: IdPlace[] = []
  while (left.length > 0 && random() < 0.95) order.push(...left.splice(random.int(left.length), 1))
  return order
}

// biome-ignore lint/suspicious/noExplicitAny: the model reads whatever was sent
function modelled(bid: any, order: readonly IdPlace[], ifaUsable: boolean): string[] {
  const all: string[] = []
  const note = (namespace: number, value: unknown) => {
    if (typeof value !== 'string' && typeof value !== 'number') return
    if (idFault(namespace, String(value)) === undefined)
      all.push(key(namespace, idForm(namespace, String(value))))
  }
  const noteEids = (eids: unknown) => {
    for (const eid of Array.isArray(eids) ? eids : []) {
      const namespace = sources.get(String(eid?.source).toLowerCase())
      if (namespace === undefined || !Array.isArray(eid.uids)) continue
      for (const uid of eid.uids) note(namespace, uid?.id)
    }
  }
  for (const place of order) {
    if (place === 'buyeruid') note(BUYER, bid.user?.buyeruid)
    if (place === 'user_id') note(USER, bid.user?.id)
    if (place === 'eids') [bid.user?.eids, bid.user?.ext?.eids].forEach(noteEids)
    if (place === 'ifa' && ifaUsable) note(IFA.number, bid.device?.ifa)
  }
  return [...new Set(all)].slice(0, LIMITS.candidatesMax)
}
