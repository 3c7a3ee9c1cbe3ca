import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BidFacts } from '../../proto/bid-facts.ts'
import { LIMITS } from '../../proto/limits.ts'
import { RequestPlaces } from '../../proto/request-places.ts'
import { ScanOutcome } from '../../proto/scan-outcome.ts'
import { scanRequest } from '../../proto/scan-request.ts'
// @ts-expect-error a script without types
import { generate, generateSchema, MODULES, SCHEMAS } from '../../scripts/generate.mjs'

test.for(Object.keys(MODULES))(
  'the compiled module %s is what its source compiles to',
  async (name) => {
    const kept = new URL(`../../proto/generated/${name}-wasm.ts`, import.meta.url)
    expect(await generate(name)).toBe(readFileSync(kept, 'utf8'))
  },
)

test.for(SCHEMAS as string[])('the schema %s is what its source says', async (name) => {
  const kept = new URL(`../../proto/generated/${name}-schema.ts`, import.meta.url)
  expect(await generateSchema(name)).toBe(readFileSync(kept, 'utf8'))
})

test('the body that asks for the most events is read like any other', () => {
  const frame = '{"id":"1","imp":[]}'
  const most = Math.floor((LIMITS.jsonBytesMax - frame.length - 2) / 3)
  const body = Buffer.from(`{"id":"1","imp":[${'{},'.repeat(most)}{}]}`)
  const places = new RequestPlaces()
  expect(scanRequest(body, new BidFacts(), places)).toBe(ScanOutcome.ok)
  expect(places.imp.close).toBe(body.length - 2)
  expect(body[places.imp.close]).toBe(0x5d)
})
