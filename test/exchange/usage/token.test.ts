import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../../exchange/limits.ts'
import { openToken } from '../../../exchange/usage/open-token.ts'
import type { TokenContent } from '../../../exchange/usage/token-descriptor.ts'
import { TokenMint } from '../../../exchange/usage/token-mint.ts'
import { SEAL_CHARS, TokenKeys } from '../../../exchange/usage/token-seal.ts'
import { WoundClock } from '../world.ts'

const keys = new TokenKeys(Buffer.alloc(32, 7))
const clock = new WoundClock()
const mint = new TokenMint(keys)

const plain = { atMs: clock.nowMs, exchange: 0, isTest: false, imps: 3 }

function tokenOf(content: TokenContent, to = plain): string {
  const stamp = mint.stampOf(content)
  const seal = Buffer.alloc(SEAL_CHARS)
  mint.seal(stamp, to, seal, 0)
  return `${stamp.descriptor}.${seal}`
}

const id = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/)
const content: fc.Arbitrary<TokenContent> = fc.record({
  buyer: fc.nat(),
  deal: fc.oneof(fc.constant(''), id),
  lines: fc.array(
    fc.record({
      contract: id,
      version: fc.integer({ min: 1, max: 100_000 }),
      positions: fc
        .uniqueArray(fc.integer({ min: 0, max: LIMITS.contractSegmentsMax - 1 }), { minLength: 1 })
        .map((all) => all.sort((a, b) => a - b)),
    }),
    { maxLength: 8 },
  ),
})

test('a token says what it was made for, when, and for which exchange', () => {
  fc.assert(
    fc.property(content, fc.nat(), fc.boolean(), fc.nat(300), (given, exchange, isTest, held) => {
      const opened = openToken(tokenOf(given, { ...plain, exchange, isTest, imps: held }), keys)
      const atS = clock.nowMs / 1000
      const imps = Math.min(held || LIMITS.tokenImpsMax, LIMITS.tokenImpsMax)
      expect(opened).toEqual({ ...given, exchange, isTest, imps, atS, id: opened?.id })
      expect(opened?.id).toMatch(/^[0-9a-f]{22}$/)
    }),
  )
})

const CHARS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'

test('a token with any one character changed, or cut, is not ours', () => {
  const token = tokenOf({
    buyer: 3,
    deal: '',
    lines: [{ contract: 'c', version: 1, positions: [0, 5] }],
  })
  expect(openToken(token, keys)).toBeDefined()
  for (let at = 0; at < token.length; at++) {
    for (const char of CHARS)
      if (char !== token[at])
        expect(openToken(token.slice(0, at) + char + token.slice(at + 1), keys)).toBeUndefined()
    expect(openToken(token.slice(0, at), keys)).toBeUndefined()
  }
  for (const other of ['', '.', `${token}=`, ` ${token}`, `${token}\n`, 'x'.repeat(100_000)])
    expect(openToken(other, keys)).toBeUndefined()
})

test('the seal of one answer does not fit what another carried, nor another installation', () => {
  const [one, two] = [1, 2].map((buyer) => tokenOf({ buyer, deal: '', lines: [] }).split('.'))
  expect(openToken(`${one![0]}.${two![1]}`, keys)).toBeUndefined()
  expect(openToken(one!.join('.'), new TokenKeys(Buffer.alloc(32, 8)))).toBeUndefined()
})

test('each token has an id of its own, in this process and in others', () => {
  const given = { buyer: 1, deal: '', lines: [] }
  const ids = Array.from({ length: 1_000 }, () => openToken(tokenOf(given), keys)!.id)
  expect(new Set(ids).size).toBe(1_000)
  const other = new TokenMint(keys)
  const seal = Buffer.alloc(SEAL_CHARS)
  const stamp = other.stampOf(given)
  other.seal(stamp, plain, seal, 0)
  const foreign = openToken(`${stamp.descriptor}.${seal}`, keys)!.id
  expect(ids.some((one) => one.slice(0, 14) === foreign.slice(0, 14))).toBe(false)
})
