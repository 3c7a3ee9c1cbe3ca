import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyRing } from '../../../audience/tokens/key-ring.ts'
import { openToken } from '../../../audience/tokens/open-token.ts'
import { corpusPath } from '../../support/corpus.ts'
import { type MintOptions, mintToken, RAW_ID, TOKEN_KEYS } from '../../support/mint-token.ts'

const NOW = Date.parse('2026-11-26T12:00:00Z')
const HOUR = 3_600_000
const ring = new KeyRing(TOKEN_KEYS)
const uid2 = { scope: 'uid2', nowMs: NOW } as const
const mint = (more: Partial<MintOptions> = {}) => mintToken({ expiresMs: NOW + HOUR, ...more })
const idOf = (token: string, keys = ring, asked: Parameters<typeof openToken>[2] = uid2) =>
  openToken(token, keys, asked)?.id

describe.each([2, 3, 4] as const)('tokens of version %i', (version) => {
  test('give the raw id, and say until when', () => {
    expect(openToken(mint({ version }), ring, uid2)).toMatchObject({
      id: RAW_ID.toString('base64'),
      expiresMs: NOW + HOUR,
      madeBySite: undefined,
    })
  })

  test.each([
    ['expired', { expiresMs: NOW }],
    ['sealed with a master key we have not', { masterKey: 1 }],
    ['sealed with a site key we have not', { siteKey: 1 }],
    [
      'sealed with another key of the same number',
      {
        keys: {
          keys: [164, 165].map((id) => ({ id, secret: Buffer.alloc(32, 9).toString('base64') })),
        },
      },
    ],
  ] as [string, Partial<MintOptions>][])('%s: no id', (_, more) => {
    expect(idOf(mint({ version, ...more }))).toBeUndefined()
  })

  test('that last longer than the operator allows: no id', () => {
    const strict = new KeyRing({ ...TOKEN_KEYS, maxLifetimeS: 3_600 })
    const createdMs = NOW - 1
    expect(idOf(mint({ version, createdMs: NOW }), strict)).toBeDefined()
    expect(idOf(mint({ version, createdMs, expiresMs: NOW + HOUR + 1 }), strict)).toBeUndefined()
  })

  test('made by a page itself name its site', () => {
    const token = mint({ version, privacyBits: 2, site: 77 })
    expect(openToken(token, ring, uid2)?.madeBySite).toBe(77)
  })

  test('cut anywhere, or with noise in them: no error', () => {
    const token = mint({ version })
    // The last characters may be padding, which says nothing.
    for (let length = 0; length < token.length - 3; length++)
      expect(idOf(token.slice(0, length))).toBeUndefined()
    fc.assert(
      fc.property(
        fc.nat(token.length - 1),
        fc.constantFrom('A', 'z', '=', ' ', 'é'),
        (at, noise) => {
          openToken(token.slice(0, at) + noise + token.slice(at + 1), ring, uid2)
        },
      ),
    )
  })
})

test.each([3, 4] as const)(
  'version %i: tokens of UID2 are none of EUID, and the other way round',
  (version) => {
    const euid = { scope: 'euid', nowMs: NOW } as const
    expect(idOf(mint({ version, scope: 'euid' }))).toBeUndefined()
    expect(idOf(mint({ version }), ring, euid)).toBeUndefined()
    expect(idOf(mint({ version, scope: 'euid' }), ring, euid)).toBeDefined()
  },
)

test('made in a future that no clock explains: no id', () => {
  const at = (createdMs: number) => mint({ createdMs, expiresMs: createdMs + HOUR })
  expect(idOf(at(NOW + 1_800_000))).toBeDefined()
  expect(idOf(at(NOW + 1_800_001))).toBeUndefined()
})

test('ids of 33 bytes are given whole, of no other length than 32 beside', () => {
  const of = (bytes: number) => idOf(mint({ id: Buffer.alloc(bytes, 3) }))
  expect(of(33)).toBe(Buffer.alloc(33, 3).toString('base64'))
  expect(of(31)).toBeUndefined()
  expect(of(0)).toBeUndefined()
})

test('any text at all is opened or is not, without an error', () => {
  fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => idOf(text) === undefined))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const head of [[], [2], [3, 112], [3, 128, 0, 0, 0, 164]])
        expect(idOf(Buffer.from([...head, ...bytes]).toString('base64'))).toBeUndefined()
    }),
  )
})

const vector = corpusPath('identity/uid2-token-v4.json')

test.skipIf(vector === undefined)('the vector of UID2’s own client opens', () => {
  const [one] = JSON.parse(readFileSync(vector!, 'utf8'))
  const keys = new KeyRing({
    keys: [
      { id: one.master_key_id, secret: one.master_key_b64 },
      { id: one.site_key_id, secret: one.site_key_b64 },
    ],
  })
  const { id, expires } = one.expected
  expect(openToken(one.token, keys, uid2)).toMatchObject({ id, expiresMs: expires })
  expect(idOf(one.token, keys, { scope: 'uid2', nowMs: expires })).toBeUndefined()
})
