import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compactEdges,
  endOf,
  hasParked,
  mergeEdge,
  type PackedEdge,
  packEdges,
  readEdges,
  removeEdges,
  unpackEdges,
} from '../../proto/edge-blob.ts'

const runs = { seed: 1, numRuns: 300 }
const day = fc.oneof(fc.integer({ min: 20_000, max: 20_100 }), fc.nat(2 ** 24 - 1))
/** Few keys and owners, so that edges meet. */
const key = fc.oneof(
  fc.nat(3).map((n) => Uint8Array.from({ length: 16 }, () => n)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
)
const edge: fc.Arbitrary<PackedEdge> = fc.record({
  key,
  namespace: fc.nat(300),
  value: fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
  owner: fc.oneof(fc.nat(2), fc.nat(2 ** 31)),
  method: fc.nat(600),
  firstSeenDay: day,
  lastSeenDay: day,
  expiryDay: day,
})
const nameOf = (one: PackedEdge) => `${Buffer.from(one.key).toString('hex')} ${one.owner}`
const edges = fc.uniqueArray(edge, { selector: nameOf, maxLength: 12 })
const sorted = (list: readonly PackedEdge[]) =>
  [...list].sort((a, b) => Buffer.compare(a.key, b.key) || a.owner - b.owner)

/** Hex of the key and owner of each edge that recall would see. */
function read(blob: Uint8Array, today: number, room = 40): string[] {
  const into = {
    keyAt: new Int32Array(room),
    owner: new Int32Array(room),
    nameAt: new Int32Array(room),
  }
  const shifted = Buffer.concat([Buffer.from([9, 9]), blob, Buffer.from([0, 0, 0])])
  const count = readEdges(shifted, 2, 2 + blob.length, today, into)
  return Array.from({ length: count }, (_, i) => {
    const at = into.keyAt[i]!
    return `${shifted.toString('hex', at, at + 16)} ${into.owner[i]! >>> 0}`
  })
}

describe('the edge blob', () => {
  it('gives back what was packed, and the same bytes whatever the order', () => {
    fc.assert(
      fc.property(edges, (list) => {
        expect(unpackEdges(packEdges(list))).toEqual(sorted(list))
        expect(packEdges([...list].reverse())).toEqual(packEdges(list))
      }),
      runs,
    )
  })

  it('is read for recall as it is unpacked, full or compact, less what has expired', () => {
    fc.assert(
      fc.property(edges, day, (list, today) => {
        const live = sorted(list.filter((one) => one.expiryDay > today)).map(nameOf)
        const blob = packEdges(list)
        expect(read(blob, today)).toEqual(live)
        expect(read(compactEdges(blob, today), today)).toEqual(live)
        expect(read(compactEdges(blob, -1), today)).toEqual(live)
        expect(compactEdges(blob, 0).length).toBeLessThanOrEqual(blob.length)
      }),
      runs,
    )
  })

  it('merges as a map does: one edge for a key and an owner, seen from first to last', () => {
    fc.assert(
      fc.property(fc.array(edge), day, (writes, today) => {
        let blob: Uint8Array = new Uint8Array(0)
        const model = new Map<string, PackedEdge>()
        for (const one of writes) {
          blob = mergeEdge(blob, one, today)
          const same = model.get(nameOf(one)) ?? one
          model.set(nameOf(one), {
            ...one,
            firstSeenDay: Math.min(same.firstSeenDay, one.firstSeenDay),
            lastSeenDay: Math.max(same.lastSeenDay, one.lastSeenDay),
          })
          for (const [name, kept] of model) if (kept.expiryDay <= today) model.delete(name)
        }
        expect(unpackEdges(blob)).toEqual(sorted([...model.values()]))
      }),
      runs,
    )
  })

  it('loses every edge to an id that is removed, whoever owns it, and no other', () => {
    fc.assert(
      fc.property(edges, key, (list, other) => {
        const kept = list.filter(
          (one) => Buffer.compare(one.key, other) !== 0 && one.expiryDay > 20_050,
        )
        expect(unpackEdges(removeEdges(packEdges(list), other, { today: 20_050 }))).toEqual(
          sorted(kept),
        )
      }),
      runs,
    )
  })

  it('holds what stands before a cut, and never anything else, nor throws', () => {
    fc.assert(
      fc.property(edges, fc.nat(), fc.boolean(), (list, cut, isCompact) => {
        const blob = isCompact ? compactEdges(packEdges(list), -1) : packEdges(list)
        const part = blob.subarray(0, cut % (blob.length + 1))
        const names = sorted(list).map(nameOf)
        expect(read(part, -1)).toEqual(names.slice(0, read(part, -1).length))
        if (!isCompact) expect(unpackEdges(part).map(nameOf)).toEqual(read(part, -1))
      }),
      runs,
    )
  })

  it('keeps claims beside matches that stand, and nobody walks over a parked one', () => {
    const claimed = fc
      .tuple(edge, fc.nat(2 ** 45), fc.nat(4))
      .map(([one, atMs, parked]): PackedEdge => {
        const claim = { atMs, untilDay: one.expiryDay, parked }
        return { ...one, expiryDay: parked === 0 ? one.expiryDay : 0, claim }
      })
    const mixed = fc.uniqueArray(fc.oneof(edge, claimed), { selector: nameOf, maxLength: 12 })
    fc.assert(
      fc.property(mixed, day, (list, today) => {
        const blob = packEdges(list)
        expect(unpackEdges(blob)).toEqual(sorted(list))
        const live = sorted(list.filter((one) => one.expiryDay > today)).map(nameOf)
        expect(read(blob, today)).toEqual(live)
        expect(read(compactEdges(blob, today), today)).toEqual(live)
        expect(hasParked(blob)).toBe(list.some(({ claim }) => claim && claim.parked > 0))
        const kept = list.filter((one) => endOf(one) > today)
        expect(unpackEdges(removeEdges(blob, new Uint8Array(16).fill(9), { today }))).toEqual(
          sorted(kept),
        )
      }),
      runs,
    )
  })

  it('makes one of what is claimed twice: the latest word and the last end, parked as was said last', () => {
    const key = new Uint8Array(16)
    const plain = { key, namespace: 1, value: 'a', owner: 1, method: 3 }
    const said = (day: number, atMs: number, parked = 0): PackedEdge => ({
      ...{ ...plain, firstSeenDay: day, lastSeenDay: day },
      ...{ expiryDay: parked ? 0 : day + 10, claim: { atMs, untilDay: day + 10, parked } },
    })
    const merge = (...edges: PackedEdge[]) =>
      unpackEdges(
        edges.reduce<Uint8Array>((blob, one) => mergeEdge(blob, one, 5), new Uint8Array(0)),
      )[0]
    const seen = { firstSeenDay: 10, lastSeenDay: 12 }
    expect(merge(said(12, 7), said(10, 9, 2))).toEqual({
      ...{ ...said(12, 9, 2), ...seen },
    })
    expect(merge(said(12, 7, 2), said(10, 9))).toEqual({ ...said(12, 9), ...seen })
    const stands = { ...plain, ...seen, expiryDay: 40 }
    expect(merge(said(12, 7, 2), stands)).toEqual(stands)
    expect(merge({ ...stands, expiryDay: 20 }, said(12, 7, 2))).toEqual({
      ...{ ...stands, expiryDay: 22 },
    })
  })

  it('loses the edges of one owner alone where that is asked', () => {
    const key = new Uint8Array(16)
    const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: 9 }
    const of = (owner: number) => ({ key, namespace: 1, value: 'a', owner, method: 3, ...days })
    const left = removeEdges(packEdges([of(1), of(2)]), key, { today: 0, owner: 1 })
    expect(unpackEdges(left)).toEqual([of(2)])
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(3), (noise, version) => {
        if (noise.length > 0) noise[0] = version
        read(noise, 0)
        compactEdges(noise, 0)
        removeEdges(noise, new Uint8Array(16), { today: 0 })
        expect(sorted(unpackEdges(packEdges(unpackEdges(noise))))).toEqual(
          sorted(unpackEdges(noise)),
        )
      }),
      { ...runs, numRuns: 3000 },
    )
  })

  it('keeps a byte order mark at the head of a value', () => {
    const one: PackedEdge = {
      ...{ key: new Uint8Array(16), namespace: 1, value: '\ufeffx', owner: 0, method: 2 },
      ...{ firstSeenDay: 1, lastSeenDay: 1, expiryDay: 2 },
    }
    expect(unpackEdges(packEdges([one]))).toEqual([one])
  })

  it('is read no further than there is room, and is no bytes where there is nothing', () => {
    const list = Array.from({ length: 9 }, (_, i) => ({
      ...{ key: new Uint8Array(16).fill(i), namespace: 1, value: 'v', owner: 0, method: 2 },
      ...{ firstSeenDay: 1, lastSeenDay: 1, expiryDay: 2 },
    }))
    expect(read(packEdges(list), 0, 4)).toHaveLength(4)
    expect(packEdges([])).toHaveLength(0)
    expect(compactEdges(packEdges(list), 2)).toHaveLength(0)
    expect(unpackEdges(Uint8Array.of(7, 1, 2, 3))).toEqual([])
  })
})
