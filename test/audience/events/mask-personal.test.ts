import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { maskPersonal } from '../../../audience/events/mask-personal.ts'
import { UserKeys } from '../../../audience/people/user-key.ts'

const keys = new UserKeys(randomBytes(32))
const reading = { keys, country: 'FR', hashKey: randomBytes(32) }
const masked = (message: Record<string, unknown>) =>
  JSON.stringify(maskPersonal(message, message, reading))

test.each([
  'call ann.bell@mail.test now',
  'https://shop.test/thanks?mail=ann.bell@mail.test&ok=1',
  'https://shop.test/thanks?mail=ann.bell%40mail.test&ok=1',
  'write to <ann.bell@mail.test>, please',
  'ann.bell@mail.test;bob@mail.test',
  'ring +33 1 99 00 12 34 after six',
  'ring 01.99.00.12.34 after six',
  'https://shop.test/?tel=%2B33199001234',
])('an address or number within a text is not kept: %s', (text) => {
  const kept = masked({ type: 'track', event: text, properties: { note: text, list: [{ text }] } })
  expect(kept).not.toMatch(/@mail|%40mail|bell|99.?00.?12.?34|199001234/)
})

test('what stands around an address stays, so that rules of pages can be asked again', () => {
  const url = 'https://shop.test/thanks?mail=ann@mail.test&step=2'
  const { context } = JSON.parse(masked({ type: 'page', context: { page: { url } } }))
  expect(context.page.url).toMatch(/^https:\/\/shop\.test\/thanks\?mail=[0-9a-f]{64}&step=2$/)
})

test.each([
  'Order 2026-11-26T10:00:00+01:00 done',
  'https://shop.test/a/0199001234/b?x=1.5',
  'size 10 - 12, user@host, @handle',
  'v0.12.345678',
])('a text that holds neither is kept as it is: %s', (text) => {
  expect(JSON.parse(masked({ type: 'track', properties: { text } })).properties.text).toBe(text)
})

test('an address that stands for the name of a property is not kept either', () => {
  const kept = masked({ type: 'track', properties: { 'ann.bell@mail.test': { deep: 1 } } })
  expect(kept).not.toContain('bell')
  expect(kept).toContain('deep')
})

test.each(['firstName', 'first_name', 'FirstName', 'lastname', 'full_name', 'Birth-Date'])(
  'names of people are hashed however senders spell the field: %s',
  (field) => {
    for (const message of [
      { type: 'identify', traits: { [field]: 'Ann Bell' } },
      { type: 'track', context: { traits: { [field]: { said: ['Ann Bell'] } } } },
    ])
      expect(masked(message)).not.toContain('Bell')
  },
)

test('contacts under other spellings are hashed too', () => {
  const traits = {
    Email: 'x y',
    mobile: '0199001234',
    home_phone: 199001234,
    address: { city: 'Lyon' },
  }
  expect(masked({ type: 'identify', traits })).not.toMatch(/199001234|Lyon/)
})

test('a long text of at-signs is read in time that grows with its length', () => {
  const beganMs = performance.now()
  masked({
    type: 'track',
    properties: { text: 'a@'.repeat(16_000), other: `a@${'b'.repeat(30_000)}` },
  })
  expect(performance.now() - beganMs).toBeLessThan(1_000)
})
