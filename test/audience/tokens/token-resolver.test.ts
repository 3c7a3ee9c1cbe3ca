import { beforeEach, expect, test } from 'vitest'
import { UserKeys } from '../../../audience/people/user-key.ts'
import { KeyRing } from '../../../audience/tokens/key-ring.ts'
import { TOKEN_LIMITS } from '../../../audience/tokens/limits.ts'
import { TokenResolver } from '../../../audience/tokens/token-resolver.ts'
import { type MintOptions, mintToken, RAW_ID, TOKEN_KEYS } from '../../support/mint-token.ts'

const NAMESPACE = 5
const keys = new UserKeys(Buffer.alloc(32, 1))
let nowMs = Date.parse('2026-11-26T12:00:00Z')
const clock = { now: () => nowMs, elapsed: () => 0 }
const ring = new KeyRing({ ...TOKEN_KEYS, sites: [{ id: 77, domains: ['News.example'] }] })
const out = new Uint32Array(4)

let resolver: TokenResolver
beforeEach(() => {
  resolver = new TokenResolver({ ring, scope: 'uid2', clock, namespace: NAMESPACE, max: 8 })
})

const mint = (more: Partial<MintOptions> = {}) =>
  mintToken({ expiresMs: nowMs + 3_600_000, ...more })

function resolved(token: string, sentFrom: string[] = []): string | undefined {
  const bytes = Buffer.from(`..${token}..`)
  const sent = { bytes, start: 2, end: bytes.length - 2, sentFrom: () => sentFrom }
  if (!resolver.resolve(sent, keys, out)) return undefined
  return Buffer.from(out.slice().buffer).toString('hex')
}

const keyOf = (id: Buffer) => keys.of(NAMESPACE, id.toString('base64')).toString('hex')

test('a token gives the key of its raw id, and is opened once', () => {
  const token = mint()
  for (let i = 0; i < 3; i++) expect(resolved(token)).toBe(keyOf(RAW_ID))
  expect(resolver.opened).toBe(1)
})

test('it gives none any more once it expired, though it was remembered', () => {
  const token = mint()
  expect(resolved(token)).toBeDefined()
  nowMs += 3_600_000
  expect(resolved(token)).toBeUndefined()
})

test('a bad one is not tried again for a while', () => {
  const future = mint({ createdMs: nowMs + 1_900_000, expiresMs: nowMs + 9_000_000 })
  for (let i = 0; i < 3; i++) expect(resolved(future)).toBeUndefined()
  expect(resolver.opened).toBe(1)
  nowMs += TOKEN_LIMITS.badTokenS * 1000
  expect(resolved(future)).toBe(keyOf(RAW_ID))
})

test('more tokens than are remembered each give their own id', () => {
  const ids = Array.from({ length: 50 }, (_, i) => Buffer.alloc(32, i))
  const tokens = ids.map((id) => mint({ id }))
  for (let round = 0; round < 3; round++)
    for (const [i, token] of tokens.entries()) expect(resolved(token)).toBe(keyOf(ids[i]!))
  expect(resolver.opened).toBe(150)
  expect(resolved(tokens[49]!)).toBe(keyOf(ids[49]!))
  expect(resolver.opened).toBe(150)
})

test('one that a page made by itself holds on the domains of its site', () => {
  const token = mint({ privacyBits: 2, site: 77 })
  for (let i = 0; i < 2; i++) {
    expect(resolved(token)).toBeUndefined()
    expect(resolved(token, ['other.example'])).toBeUndefined()
    expect(resolved(token, ['other.example', 'news.Example'])).toBe(keyOf(RAW_ID))
  }
  expect(resolver.opened).toBe(1)
  expect(resolved(mint({ privacyBits: 2, site: 78 }), ['news.example'])).toBeUndefined()
  expect(resolver.open(token, ['news.example'])).toBe(RAW_ID.toString('base64'))
  expect(resolver.open(token, [])).toBeUndefined()
})
