import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LayeredMap } from '../../../audience/store/layered-map.ts'

// The model is a Map; keys are few enough to be put, taken away and put again, and many enough for a
// layer to become one with its base.
const change = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.option(fc.nat(), { nil: undefined }))
const history = fc.array(fc.array(change, { maxLength: 60 }), { maxLength: 12 })

test('it holds what a Map would, version by version, and old versions stay as they were', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const versions = play(steps)
      for (const { map, model } of versions) {
        expect(map.size).toBe(model.size)
        expect(new Map(map)).toEqual(model)
        for (const key of [0, 1, 2, 100, 200]) {
          expect(map.get(key)).toBe(model.get(key))
          expect(map.has(key)).toBe(model.has(key))
        }
        expect([...map.keys()].length).toBe(model.size)
        expect(new Set(map.values())).toEqual(new Set(model.values()))
      }
    }),
  )
})

test('differences are what differs, between any two versions, whichever way', () => {
  fc.assert(
    fc.property(history, fc.nat(), fc.nat(), (steps, a, b) => {
      const versions = play(steps)
      const [before, after] = [versions[a % versions.length]!, versions[b % versions.length]!]
      const told = [...before.map.differences(after.map)]
      const keys = new Set([...before.model.keys(), ...after.model.keys()])
      const differing = [...keys].filter((key) => before.model.get(key) !== after.model.get(key))
      expect(told.map(([key]) => key).sort()).toEqual(differing.sort())
      for (const [key, was, is] of told) {
        expect(was).toBe(before.model.get(key))
        expect(is).toBe(after.model.get(key))
      }
    }),
  )
})

function play(steps: [number, number | undefined][][]) {
  let map = LayeredMap.empty<number, number>()
  let model = new Map<number, number>()
  const versions = [{ map, model }]
  for (const step of steps) {
    map = map.with(step)
    model = new Map(model)
    for (const [key, value] of step)
      if (value === undefined) model.delete(key)
      else model.set(key, value)
    versions.push({ map, model })
  }
  return versions
}
