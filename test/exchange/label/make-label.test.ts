import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkSegmentBody } from '../../../audience/segment.ts'
import { LABEL_FIELDS, type LabelFacts, makeLabel } from '../../../exchange/label/make-label.ts'

interface Case {
  name: string
  partner?: object
  segment: object
  size?: number
  offeredIn?: string[]
  namespaces?: string[]
  label: object
  from?: object
  missing?: string[]
}

function factsOf({ partner, segment, size, offeredIn = [], namespaces = [] }: Case): LabelFacts {
  const body = { owner: 'dmp', ttlDays: 30, ...segment }
  expect(checkSegmentBody(body)).toEqual([])
  return {
    id: 'shoppers',
    segment: { ...body, number: 7 },
    provider: { name: 'dmp', domain: 'dmp.example', ...partner },
    size,
    offeredIn,
    namespaces: namespaces.map((kind) => ({ kind })),
  } as unknown as LabelFacts
}

const CASES = new URL('../../cases/label/', import.meta.url)
for (const shelf of ['exemplary', 'supplemental'])
  describe(`${shelf} labels`, () => {
    for (const file of readdirSync(new URL(`${shelf}/`, CASES))) {
      const text = readFileSync(new URL(`${shelf}/${file}`, CASES), 'utf8')
      for (const one of JSON.parse(text) as Case[])
        test(one.name, () => {
          const { label, from, missing } = makeLabel(factsOf(one))
          expect(label).toEqual(one.label)
          if (one.from) expect(from).toMatchObject(one.from)
          const said = missing.map(({ field, says }) => `${field}: ${says}`)
          if (one.missing) expect(said).toEqual(one.missing)
        })
    }
  })

test('a field is either there, with where it is from, or missing with what to do', () => {
  const declared = {
    criteria: fc.constant('People.'),
    precision: fc.constant(['Device']),
    scope: fc.constantFrom('Single domain/App', 'Cross-domain within O&O', 'N/A (Offline)'),
    originatingDomain: fc.constant('a.example'),
    dataSources: fc.subarray(['web_usage', 'pub_other'], { minLength: 1 }),
    refresh: fc.constantFrom('Daily', 'Static'),
    lookback: fc.constant('Weekly'),
    audienceExpansion: fc.boolean(),
  }
  const label = fc.record(declared, { requiredKeys: [] })
  const size = fc.option(fc.nat(), { nil: undefined })
  fc.assert(
    fc.property(label, size, (given, counted) => {
      const segment = { name: 'x', provenance: 'campaign', label: given }
      const one = {
        name: '',
        segment,
        label: {},
        ...(counted === undefined ? {} : { size: counted }),
      }
      const made = makeLabel(factsOf(one))
      const absent = made.missing.map(({ field }) => field)
      expect(Object.keys(made.label)).toEqual(Object.keys(made.from))
      const all = LABEL_FIELDS.filter((field) => field in made.label !== absent.includes(field))
      expect(all).toEqual([...LABEL_FIELDS])
      for (const { says } of made.missing) expect(says).toMatch(/say it|say them|ask again/)
    }),
  )
})
