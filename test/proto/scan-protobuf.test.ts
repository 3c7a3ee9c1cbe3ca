import { describe, expect, test } from 'vitest'
import { BidFacts, Id, INVENTORY_COUNT, Inventory, Kind, Signal } from '../../proto/bid-facts.ts'
import { OPENRTB_SCHEMA } from '../../proto/generated/openrtb-schema.ts'
import { messageField, numberField, textField } from '../../proto/message-fields.ts'
import { int32At } from '../../proto/message-reader.ts'
import { messageCodec } from '../../proto/protobuf.ts'
import { PROTOBUF_FACTS } from '../../proto/protobuf-facts.ts'
import { RequestPlaces } from '../../proto/request-places.ts'
import { ScanOutcome } from '../../proto/scan-outcome.ts'
import { scanProtobuf } from '../../proto/scan-protobuf.ts'
import { type Random, seeded } from '../support/random.ts'

// The oracle is protobufjs: what it decodes is what the scan must have found.

const codec = messageCodec<Decoded>(OPENRTB_SCHEMA, 'passerelle.openrtb.BidRequest')
const facts = new BidFacts(PROTOBUF_FACTS)
const places = new RequestPlaces()

interface Ext {
  consent: string
  eids: Eid[]
}
interface Eid {
  source: string
  uids: { id: string }[]
}
interface Decoded {
  id: string
  tmax: number
  test: boolean
  imp: { id: string; pmp?: { deals: object[] } }[]
  site?: { id: string; domain: string }
  app?: { id: string; bundle: string }
  device?: { ifa: string; ua: string; lmt: boolean; dnt: boolean; geo?: { country: string } }
  user?: { id: string; buyeruid: string; consent: string; data: object[]; eids: Eid[] } & {
    ext?: Ext
    old_ext?: Ext
    geo?: { country: string }
  }
  regs?: { coppa: boolean; gdpr: boolean; gpp: string; gpp_sid: number[]; us_privacy: string } & {
    ext?: { gdpr: boolean; us_privacy: string; gpc: string; dsa?: { transparency: object[] } }
    old_ext?: { gdpr: boolean; us_privacy: string }
  }
}

const scan = (bytes: Uint8Array) => scanProtobuf(bytes, facts, places)

function textsOf(list: 'signals' | 'ids', field: number): string[] {
  const { count, field: fields, start, end } = facts[list]
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => fields[i] === field)
    .map((i) => Buffer.from(facts.bytes.subarray(start[i], end[i])).toString())
}

const kindsOf = (field: number) =>
  Array.from({ length: facts.signals.count }, (_, i) => i)
    .filter((i) => facts.signals.field[i] === field)
    .map((i) => facts.signals.kind[i])

/** What the facts say in the shape of what was decoded: the last of each text, and all that is repeated. */
function found() {
  const last = (which: number) => textsOf('ids', which).at(-1) ?? ''
  return {
    tmax: Math.max(-1, facts.tmaxMs),
    test: facts.test,
    imps: places.imps
      .slice(0, places.impCount)
      .map(({ idStart, idEnd }) =>
        idStart < 0 ? '' : Buffer.from(facts.bytes.subarray(idStart, idEnd)).toString(),
      ),
    inventory: Array.from({ length: INVENTORY_COUNT }, (_, i) =>
      facts.inventoryStart[i]! < 0
        ? ''
        : Buffer.from(
            facts.bytes.subarray(facts.inventoryStart[i], facts.inventoryEnd[i]),
          ).toString(),
    ),
    ids: [last(Id.userId), last(Id.buyeruid), last(Id.ifa)],
    eids: eidsOf(Id.eid),
    extEids: sorted(eidsOf(Id.extEid)),
    hasData: places.data.count === 1,
    hasDsa: places.transparency.count === 1,
  }
}

/** Those of the two placements stand in one list, in the order they were met. */
const sorted = (eids: Eid[]) => eids.map((one) => JSON.stringify(one)).sort()

function eidsOf(mark: number): Eid[] {
  const eids: Eid[] = []
  const { count, field, start, end } = facts.ids
  let isIn = false
  for (let i = 0; i < count; i++) {
    const text = Buffer.from(facts.bytes.subarray(start[i], end[i])).toString()
    if (field[i] === Id.eid || field[i] === Id.extEid) {
      isIn = field[i] === mark
      if (isIn) eids.push({ source: '', uids: [] })
    } else if (isIn && field[i] === Id.eidSource) eids.at(-1)!.source = text
    else if (isIn && field[i] === Id.eidUid) eids.at(-1)!.uids.push({ id: text })
  }
  return eids
}

function expected({ id: _, tmax, test: isTest, imp, site, app, device, user, regs }: Decoded) {
  const plain = (eids: Eid[] = []) =>
    eids.map(({ source, uids }) => ({
      source,
      uids: uids.filter((uid) => Object.hasOwn(uid, 'id')).map(({ id }) => ({ id })),
    }))
  const inventory: string[] = []
  inventory[Inventory.siteId] = site?.id ?? ''
  inventory[Inventory.siteDomain] = site?.domain ?? ''
  inventory[Inventory.appId] = app?.id ?? ''
  inventory[Inventory.appBundle] = app?.bundle ?? ''
  inventory[Inventory.userAgent] = device?.ua ?? ''
  return {
    tmax: Math.max(-1, tmax),
    test: isTest,
    imps: imp.map((one) => one.id),
    inventory,
    ids: [user?.id ?? '', user?.buyeruid ?? '', device?.ifa ?? ''],
    eids: plain(user?.eids),
    extEids: sorted([...plain(user?.ext?.eids), ...plain(user?.old_ext?.eids)]),
    hasData: (user?.data.length ?? 0) > 0,
    hasDsa: (regs?.ext?.dsa?.transparency.length ?? 0) > 0,
  }
}

/** A random request as an object of the schema; uids always have an id, so that defaults do not look like values. */
function requestOf(random: Random): object {
  const maybe = <T>(value: () => T): T | undefined => (random() < 0.7 ? value() : undefined)
  const text = () => `${'é"\\x'.slice(0, random() * 4)}${Math.floor(random() * 1e6)}`
  const some = <T>(value: () => T) => Array.from({ length: Math.floor(random() * 4) }, value)
  const eid = () => ({ source: text(), uids: some(() => ({ id: text(), atype: 1 })), mm: 2 })
  const ext = () => ({ consent: maybe(text), eids: some(eid) })
  return {
    id: text(),
    tmax: Math.floor(random() * 2 ** 31) * (random() < 0.2 ? -1 : 1),
    test: maybe(() => random() < 0.5),
    imp: some(() => ({
      id: text(),
      pmp: maybe(() => ({ deals: some(() => ({ id: text(), bidfloor: random() })) })),
    })),
    site: maybe(() => ({ id: text(), domain: text() })),
    app: maybe(() => ({ id: text(), bundle: text() })),
    device: maybe(() => ({
      ...{ ua: maybe(text), ifa: maybe(text), lmt: maybe(() => random() < 0.5) },
      ...{ dnt: maybe(() => random() < 0.5), geo: maybe(() => ({ country: text() })) },
      ...{ ext: maybe(() => ({ atts: 2 })), old_ext: maybe(() => ({ atts: 3 })) },
    })),
    user: maybe(() => ({
      ...{ id: maybe(text), buyeruid: maybe(text), consent: maybe(text), eids: some(eid) },
      data: some(() => ({ id: text(), name: text(), segment: some(() => ({ id: text() })) })),
      ...{ ext: maybe(ext), old_ext: maybe(ext), geo: maybe(() => ({ country: text() })) },
    })),
    regs: maybe(() => ({
      ...{ coppa: maybe(() => random() < 0.5), gdpr: maybe(() => random() < 0.5) },
      ...{ gpp: maybe(text), gpp_sid: some(() => Math.floor(random() * 30) - 1) },
      us_privacy: maybe(text),
      ext: maybe(() => ({
        ...{ gdpr: true, us_privacy: maybe(text), gpc: maybe(text) },
        dsa: maybe(() => ({ dsarequired: 1, transparency: some(() => ({ domain: text() })) })),
      })),
      old_ext: maybe(() => ({ gdpr: false, us_privacy: maybe(text) })),
    })),
  }
}

/** Drops what is undefined, as protobufjs wants it. */
const encode = (request: object) => codec.encode(JSON.parse(JSON.stringify(request)))

const SEED = 20261126

describe('a scan of a bid request in protobuf', () => {
  test('finds what protobufjs decodes, whatever stands there twice', () => {
    const random = seeded(SEED)
    for (let i = 0; i < 1_000; i++) {
      const parts = random() < 0.3 ? [0, 1] : [0]
      const bytes = Buffer.concat(parts.map(() => encode(requestOf(random))))
      expect(scan(bytes)).toBe(ScanOutcome.ok)
      expect(found()).toEqual(expected(codec.decode(bytes)))
    }
  })

  test('keeps every occurrence of a privacy signal, of both placements', () => {
    const random = seeded(SEED + 1)
    const boolsOf = (bytes: Uint8Array) => {
      const { device, regs } = codec.decode(bytes)
      return [device?.lmt, device?.dnt, regs?.coppa, regs?.gdpr]
    }
    for (let i = 0; i < 400; i++) {
      const [a, b] = [encode(requestOf(random)), encode(requestOf(random))]
      const of = (bytes: Uint8Array) => {
        scan(bytes)
        return Object.values(Signal).map((signal) => [textsOf('signals', signal), kindsOf(signal)])
      }
      const [one, two, both] = [of(a), of(b), of(Buffer.concat([a, b]))]
      expect(both).toEqual(
        one.map(([texts, kinds], s) => [
          [...texts!, ...two[s]![0]!],
          [...kinds!, ...two[s]![1]!],
        ]),
      )
      scan(a)
      const isOn = [Signal.lmt, Signal.dnt, Signal.coppa].map((one) =>
        kindsOf(one).includes(Kind.true),
      )
      expect(isOn).toEqual(boolsOf(a).slice(0, 3).map(Boolean))
    }
  })

  test('reads gpp_sid packed and alone', () => {
    const regs = Buffer.concat([messageField(3, Buffer.from([2, 6])), numberField(3, 7)])
    expect(scan(Buffer.concat([textField(1, 'r'), messageField(14, regs)]))).toBe(ScanOutcome.ok)
    expect(kindsOf(Signal.gppSid)).toEqual([Kind.varints, Kind.varint])
    expect(int32At(facts.bytes, facts.signals.start[1]!)).toBe(7)
  })

  test('of two ids of one uid the last counts', () => {
    const uid = Buffer.concat([textField(1, 'first'), textField(1, 'last')])
    const eid = Buffer.concat([messageField(2, uid), textField(1, 'a.example')])
    scan(Buffer.concat([textField(1, 'r'), messageField(6, messageField(11, eid))]))
    expect(eidsOf(Id.eid)).toEqual([{ source: 'a.example', uids: [{ id: 'last' }] }])
  })
})

describe('what is refused', () => {
  const whole = Buffer.from(encode({ id: 'r', imp: [{ id: '1' }], user: { buyeruid: 'u' } }))
  const wholeThen = (...bytes: number[]) => Buffer.concat([whole, Buffer.from(bytes)])

  test.for<[string, Uint8Array]>([
    ['a varint that does not end', wholeThen(0x40, 0xff)],
    ['a varint of more than ten bytes', wholeThen(0x40, ...Array(10).fill(0x80), 1)],
    ['a length beyond the message', wholeThen(0x32, 0x05, 0x01)],
    ['a group', wholeThen(0x33, 0x34)],
    ['the end of a group', wholeThen(0x34)],
    ['wire type 6', wholeThen(0x36, 0x00)],
    ['field 0', wholeThen(0x02, 0x00)],
    ['a field above 2^29 - 1', wholeThen(0x80, 0x80, 0x80, 0x80, 0x10, 0x00)],
    ['a tag of more than five bytes', wholeThen(0xb0, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00)],
    ['a user that is a number', wholeThen(0x30, 0x01)],
    ['a bool that is text', messageField(14, textField(1, 'yes'))],
    ['a fixed64 that is cut off', wholeThen(0x09, 0, 0, 0)],
    ['packed integers that do not end', messageField(14, messageField(3, Buffer.from([2, 0x80])))],
    ['bytes that are JSON', Buffer.from('{"id":"1"}')],
  ])('%s', ([, bytes]) => {
    expect(scan(bytes)).toBe(ScanOutcome.malformed)
  })

  test('a request without an id, or with an empty one', () => {
    expect(scan(Buffer.alloc(0))).toBe(ScanOutcome.noId)
    expect(scan(textField(1, ''))).toBe(ScanOutcome.noId)
  })

  test('each beginning of a request that protobufjs refuses, too', () => {
    const random = seeded(SEED + 2)
    for (let i = 0; i < 15; i++) {
      const bytes = Buffer.from(encode(requestOf(random)))
      for (let end = 0; end < bytes.length; end++) {
        const isMalformed = scan(bytes.subarray(0, end)) === ScanOutcome.malformed
        expect(isMalformed, `${bytes.toString('hex')} up to ${end}`).toBe(!canDecode(bytes, end))
      }
    }
  })

  test('nothing throws, however bytes are bent; what is taken is what protobufjs says', () => {
    const random = seeded(SEED + 3)
    const taken = { yes: 0, no: 0 }
    for (let i = 0; i < 5_000; i++) {
      const bytes = Buffer.from(encode(requestOf(random)))
      for (let flips = 1 + random() * 3; flips > 0; flips--)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      const outcome = scan(bytes)
      taken[outcome === ScanOutcome.malformed ? 'no' : 'yes']++
      if (outcome !== ScanOutcome.ok || !canDecode(bytes, bytes.length)) continue
      const { ids } = found()
      expect(ids, bytes.toString('hex')).toEqual(expected(codec.decode(bytes)).ids)
    }
    expect(Math.min(taken.yes, taken.no)).toBeGreaterThan(300)
  })

  function canDecode(bytes: Buffer, end: number): boolean {
    try {
      codec.decode(bytes.subarray(0, end))
      return true
    } catch {
      return false
    }
  }
})
