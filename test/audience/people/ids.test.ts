import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { IFA, IFA_HASH, idFault, idForm } from '../../../audience/namespace.ts'
import { keyOf, readKey, UserKeys } from '../../../audience/people/user-key.ts'
import { checkSegmentBody } from '../../../audience/segment.ts'

describe('user keys', () => {
  const keys = new UserKeys(Buffer.alloc(32, 1))

  it('differ by namespace, value and installation, and are always the same otherwise', () => {
    const others = [keys.of(1, 'a'), keys.of(2, 'a'), keys.of(1, 'b'), keys.of(257, 'a')]
    const elsewhere = new UserKeys(Buffer.alloc(32, 2)).of(1, 'a')
    const all = [...others, elsewhere].map((key) => key.toString('hex'))
    expect(new Set(all).size).toBe(5)
    expect(keys.of(1, 'a')).toEqual(others[0])
    // Written down once: a release that changes it loses every person in every store.
    expect(all.slice(0, 2)).toEqual([
      '2f88f0a517084df00a850282563487e1',
      'a40c3958981be595a8c1752e51b963c8',
    ])
  })

  it('are the same from text and from bytes, and as words and as bytes', () => {
    const words = new Uint32Array(6)
    for (const value of ['a', 'é', 'x'.repeat(512), 'x'.repeat(600), '']) {
      const bytes = Buffer.from(`..${value}..`)
      keys.hash(7, bytes, 2, bytes.length - 2, words, 1)
      expect(keyOf(words, 1)).toEqual(keys.of(7, value))
      const read = new Uint32Array(6)
      readKey(keys.of(7, value), read, 1)
      expect(read).toEqual(words)
    }
  })
})

test('the key of a device is that of its SHA-256, from text and from bytes', () => {
  const keys = new UserKeys(Buffer.alloc(32, 7))
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 100 }), (uid) => {
      const form = idForm(IFA.number, uid)
      const digest = createHash('sha256').update(form).digest('hex')
      const key = keys.of(IFA.number, form)
      expect(keys.of(IFA_HASH.number, digest)).toEqual(key)
      const bytes = Buffer.from(form)
      const words = new Uint32Array(4)
      keys.hash(IFA.number, bytes, 0, bytes.length, words, 0)
      expect(keyOf(words, 0)).toEqual(key)
    }),
  )
})

describe('ids', () => {
  it('are 1 to 512 bytes without control bytes', () => {
    const faults = ['', 'é'.repeat(257), 'a\u0000', 'a\u007f', 'a', 'é'.repeat(256)]
    expect(faults.map((value) => idFault(9, value))).toEqual([
      'empty',
      'too_long',
      'control_bytes',
      'control_bytes',
      undefined,
      undefined,
    ])
  })

  it('hold whole characters: halves of surrogate pairs would all be one id', () => {
    const values = ['a\ud83d', '\ude00b', '\ude00\ud83d', '😀', '\ufffd']
    expect(values.map((value) => idFault(9, value))).toEqual([
      ...['half_character', 'half_character', 'half_character'],
      ...[undefined, undefined],
    ])
  })

  it('of devices are lower case, and never all zeros', () => {
    expect([idForm(IFA.number, 'ABÉ-1'), idForm(9, 'ABC')]).toEqual(['abÉ-1', 'ABC'])
    expect([idFault(IFA.number, '0000-0'), idFault(9, '0000-0')]).toEqual(['zeros', undefined])
  })
})

describe('schemas', () => {
  it('take a segment with what it must have, and refuse an unknown field', () => {
    const body = { name: 'Auto', owner: 'dmp', provenance: 'first_party', ttlDays: 30 }
    expect(checkSegmentBody(body)).toEqual([])
    expect(
      checkSegmentBody({ ...body, taxonomy: { segtax: 4, id: '17' }, sensitive: true }),
    ).toEqual([])
    expect(checkSegmentBody({ ...body, rules: 'x' })[0]?.field).toBe('rules')
    expect(checkSegmentBody({}).length).toBe(4)
    expect(checkSegmentBody({ ...body, ttlDays: 0, provenance: 'found' }).length).toBe(2)
  })
})
