import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Membership,
  mergeProfile,
  packProfile,
  readProfile,
  unpackProfile,
} from '../../proto/profile-blob.ts'
import { seeded } from '../support/random.ts'

const runs = { seed: 1, numRuns: 400 }
const segment = fc.oneof(fc.nat(40), fc.nat(20_000), fc.nat(2 ** 31 - 1))
const expiryDay = fc.oneof(fc.integer({ min: 20_000, max: 20_400 }), fc.nat(2 ** 24 - 1))
const membership = fc.record({ segment, expiryDay })
const memberships = fc.uniqueArray(membership, { selector: (one) => one.segment, maxLength: 80 })

const bySegment = (a: Membership, b: Membership) => a.segment - b.segment
const modelOf = (list: readonly Membership[]) =>
  new Map(list.map((one) => [one.segment, one.expiryDay]))

function read(blob: Uint8Array, today: number, room = 200): number[] {
  const into = { segment: new Int32Array(room).fill(-7) }
  const shifted = Buffer.concat([Buffer.from([1, 255, 3]), blob, Buffer.from([255, 255, 255])])
  const count = readProfile(shifted, 3, 3 + blob.length, today, into, 2)
  expect([...into.segment.subarray(0, 2)]).toEqual([-7, -7])
  expect(into.segment.subarray(2 + count).every((one) => one === -7)).toBe(true)
  return [...into.segment.subarray(2, 2 + count)]
}

describe('the profile blob', () => {
  it('gives back what was packed, sorted', () => {
    fc.assert(
      fc.property(memberships, (list) => {
        expect(unpackProfile(packProfile(list))).toEqual([...list].sort(bySegment))
      }),
      runs,
    )
  })

  it('is the same bytes whatever the order in which memberships came', () => {
    fc.assert(
      fc.property(memberships, (list) => {
        expect(packProfile([...list].reverse())).toEqual(packProfile(list))
      }),
      runs,
    )
  })

  it('is read on the hot path as it is unpacked, less what has expired', () => {
    fc.assert(
      fc.property(memberships, expiryDay, (list, today) => {
        const live = list.filter((one) => one.expiryDay > today).sort(bySegment)
        expect(read(packProfile(list), today)).toEqual(live.map((one) => one.segment))
      }),
      runs,
    )
  })

  it('merges as a map does: the newest write wins, what is removed or expired goes', () => {
    const write = fc.record({ add: fc.array(membership), remove: fc.array(segment) })
    fc.assert(
      fc.property(memberships, fc.array(write), expiryDay, (start, writes, today) => {
        let blob = packProfile(start)
        const model = modelOf(start)
        for (const { add, remove } of writes) {
          blob = mergeProfile(blob, add, remove, today)
          for (const one of add) model.set(one.segment, one.expiryDay)
          for (const one of remove) model.delete(one)
          for (const [key, day] of model) if (day <= today) model.delete(key)
        }
        if (writes.length > 0) expect(modelOf(unpackProfile(blob))).toEqual(model)
      }),
      runs,
    )
  })

  it('holds what stands before a cut, and never anything else, nor throws', () => {
    fc.assert(
      fc.property(memberships, fc.nat(), (list, cut) => {
        const blob = packProfile(list)
        const part = blob.subarray(0, cut % (blob.length + 1))
        const sorted = [...list].sort(bySegment)
        const found = unpackProfile(part)
        expect(found).toEqual(sorted.slice(0, found.length))
        expect(read(part, 0)).toEqual(
          found.filter((one) => one.expiryDay > 0).map((one) => one.segment),
        )
      }),
      runs,
    )
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (noise, isVersioned) => {
        if (isVersioned) noise[0] = 1
        const found = unpackProfile(noise)
        expect(read(noise, -1)).toEqual(found.map((one) => one.segment))
        expect(unpackProfile(packProfile(found))).toEqual(found)
        mergeProfile(noise, [{ segment: 1, expiryDay: 2 }], [3], 0)
      }),
      { ...runs, numRuns: 3000 },
    )
  })

  it('reads no more than there is room for', () => {
    const list = Array.from({ length: 20 }, (_, i) => ({ segment: i, expiryDay: 9 }))
    expect(read(packProfile(list), 0, 7)).toEqual([0, 1, 2, 3, 4])
  })

  it('holds nothing where its version is unknown, and no bytes where there is nothing', () => {
    expect(packProfile([])).toHaveLength(0)
    expect(mergeProfile(packProfile([{ segment: 1, expiryDay: 5 }]), [], [], 5)).toHaveLength(0)
    expect(unpackProfile(Uint8Array.of(2, 1, 1, 0, 1))).toEqual([])
    expect(read(Uint8Array.of(2, 1, 1, 0, 1), 0)).toEqual([])
  })

  it('keeps expiries beyond its last day as that day', () => {
    const blob = packProfile([{ segment: 1, expiryDay: Number.POSITIVE_INFINITY }])
    expect(unpackProfile(blob)).toEqual([{ segment: 1, expiryDay: 2 ** 24 - 1 }])
  })

  it('takes at most 80 bytes on average for 30 of 3,000 segments with their own expiries', () => {
    const random = seeded(3)
    const sizes = Array.from({ length: 300 }, () => {
      const list = Array.from({ length: 30 }, () => ({
        segment: 1 + random.int(3000),
        expiryDay: 20_700 + 30 + random.int(371),
      }))
      return packProfile(list).length
    })
    expect(sizes.reduce((sum, size) => sum + size) / sizes.length).toBeLessThanOrEqual(80)
  })
})
