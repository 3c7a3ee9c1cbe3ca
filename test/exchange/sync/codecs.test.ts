import { hkdfSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Asks } from '../../../exchange/sync/asks.ts'
import { openCookie, sealCookie } from '../../../exchange/sync/browser-cookie.ts'
import { SYNC_LIMITS } from '../../../exchange/sync/limits.ts'
import { openSecret, sealSecret } from '../../../exchange/sync/match-secret.ts'
import { pseudonym } from '../../../exchange/sync/pseudonym.ts'
import { SyncKeys } from '../../../exchange/sync/sync-keys.ts'
import { type SyncState, SyncStates } from '../../../exchange/sync/sync-state.ts'

const derive = (root: string) => (label: string, bytes: number) =>
  Buffer.from(hkdfSync('sha256', root, '', label, bytes))
const keys = new SyncKeys(derive('root'))
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes))
const partner = fc.integer({ min: 1, max: 0x7fff_ffff })

describe('our cookie', () => {
  const asked = fc.array(
    fc.tuple(partner, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 250 })),
  )

  test('comes back as it was written, with all it remembers', () => {
    fc.assert(
      fc.property(id, fc.integer({ min: 1_000, max: 900_000 }), asked, (own, hour, list) => {
        const asks = new Asks()
        for (const [number, times, ago] of list.slice(0, SYNC_LIMITS.asksMax))
          for (let i = 0; i < times; i++) asks.note(number, hour - ago)
        const text = sealCookie(keys, { id: own, issuedHour: hour, asks })
        const back = openCookie(keys, text)!
        expect([back.id, back.issuedHour]).toEqual([own, hour])
        expect(back.asks).toEqual(asks)
        expect(text.length).toBeLessThanOrEqual(400)
      }),
    )
  })

  test('counts only as it was written: one changed character, another secret, or anything else is nobody’s', () => {
    const text = sealCookie(keys, { id: randomBytes(16), issuedHour: 480_000, asks: new Asks() })
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 0; at < text.length; at++)
      for (const other of letters)
        if (other !== text[at])
          expect(openCookie(keys, text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined()
    expect(openCookie(new SyncKeys(derive('other')), text)).toBeUndefined()
    fc.assert(
      fc.property(fc.string({ maxLength: 500 }), (any) => openCookie(keys, any) === undefined),
    )
  })
})

describe('a state', () => {
  const states = new SyncStates(keys)
  const hop = fc.integer({ min: 0, max: 7 })
  const nowMs = fc.integer({ min: 1, max: 4_000_000_000 }).map((seconds) => seconds * 1_000)

  test('says what it was made for, to the browser it was made for, for ten minutes', () => {
    const numbers = fc.array(partner, { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(
        id,
        numbers,
        hop,
        fc.boolean(),
        nowMs,
        (browser, list, step, wasReturning, now) => {
          const made = states.mint(list, { browser, hop: step, wasReturning, nowMs: now })
          for (const [i, text] of made.entries()) {
            const found = states.open(text, browser, now + 599_000)
            expect(found).toMatchObject({ partner: list[i], hop: step, wasReturning })
            expect(states.open(text, browser, now + 601_000)).toBe('state_expired')
          }
          expect(new Set(made).size).toBe(list.length)
        },
      ),
    )
  })

  test('that leads says so, and what comes back from there is the same but for that', () => {
    fc.assert(
      fc.property(id, partner, hop, nowMs, (browser, number, step, now) => {
        const mint = { browser, hop: step, wasReturning: true, nowMs: now, leading: [true, false] }
        const [leading, plain] = states.mint([number, number], mint)
        const led = states.open(leading!, browser, now)
        expect(led).toMatchObject({ partner: number, hop: step, isLeading: true })
        expect(states.open(plain!, browser, now)).toMatchObject({ isLeading: false })
        const back = states.open(states.ledBy(leading!, browser), browser, now) as SyncState
        const { id: _, ...same } = led as SyncState
        expect(back).toMatchObject({ ...same, isLeading: false })
        expect(back.id.subarray(1)).toEqual((led as SyncState).id.subarray(1))
      }),
    )
  })

  test('is worth nothing to anybody else, or with one bit changed', () => {
    fc.assert(
      fc.property(id, id, fc.integer({ min: 0, max: 30 * 8 - 1 }), (browser, other, bit) => {
        const [text] = states.mint([7], { browser, hop: 0, wasReturning: true, nowMs: 1_000 })
        if (!browser.equals(other)) expect(states.open(text!, other, 1_000)).toBe('state_forged')
        const bytes = Buffer.from(text!, 'base64url')
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        const bent = states.open(bytes.toString('base64url'), browser, 1_000)
        expect(['state_forged', 'state_unreadable']).toContain(bent)
      }),
    )
  })

  test('of another installation is a bent one', () => {
    const browser = randomBytes(16)
    const elsewhere = new SyncStates(new SyncKeys(derive('other')))
    const [text] = elsewhere.mint([7], { browser, hop: 0, wasReturning: true, nowMs: 1_000 })
    expect(states.open(text!, browser, 1_000)).toBe('state_forged')
  })

  test('carries nothing by which two of one browser could be told to belong together', () => {
    const browser = randomBytes(16)
    const made = states.mint([7, 7], { browser, hop: 0, wasReturning: true, nowMs: 1_000 })
    const [a, b] = made.map((text) => Buffer.from(text, 'base64url')) as [Buffer, Buffer]
    // Version, partner and end are the same for everybody; nonce and mac are what is left.
    for (const [from, to] of [
      [9, 16],
      [16, 30],
    ])
      expect(a.subarray(from, to).equals(b.subarray(from, to))).toBe(false)
  })
})

test('pseudonyms of one browser differ by partner and version, and stay the same', () => {
  const seen = new Set<string>()
  const browser = randomBytes(16)
  for (let number = 1; number <= 50; number++)
    for (const version of [1, 2, 255]) {
      const name = pseudonym(keys, browser, { partner: number, version })
      expect(name).toMatch(/^[\w-]{23}$/)
      expect(pseudonym(new SyncKeys(derive('root')), browser, { partner: number, version })).toBe(
        name,
      )
      seen.add(name)
    }
  expect(seen.size).toBe(150)
})

test('a sealed secret opens here and nowhere else', () => {
  const sealed = sealSecret(derive('root'), 'the match secret')
  expect(sealed).not.toContain('match')
  expect(openSecret(derive('root'), sealed)).toBe('the match secret')
  expect(openSecret(derive('other'), sealed)).toBeUndefined()
  expect(openSecret(derive('root'), `${sealed.slice(0, -2)}AA`)).toBeUndefined()
  expect(openSecret(derive('root'), '')).toBeUndefined()
})
