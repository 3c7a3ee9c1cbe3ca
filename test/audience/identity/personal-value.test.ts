import fc from 'fast-check'
import { expect, test } from 'vitest'
import { looksPersonal } from '../../../audience/identity/personal-value.ts'

test.each([
  'ann.bell@mail.test',
  ' Ann.Bell+shop@Mail.Test ',
  'mailto:ann@mail.test',
  'ann%40mail.test',
  'ann@bücher.example',
  '<ann@mail.test>',
  '+33199001234',
  '%2B33199001234',
  '+33 (0)1 99 00 12 34',
  'tel:+33199001234',
  '01 99 00 12 34',
  '01.99.00.12.34',
  '(020) 7946-0018',
])('%s looks personal', (text) => expect(looksPersonal(text)).toBe(true))

test.each([
  '0',
  'u-123',
  '33199001234',
  '0199001234',
  '00000000-1111-0000-0000-000000000000',
  '01-02-2026',
  '0.12345678',
  'AAAA+BBBB/CC==',
  '+12',
  'user@host',
  '@handle',
  'a@b.c',
  '100%25',
  '2026-11-26T10:00:00+01:00',
  'CPX+9',
])('%s does not', (text) => expect(looksPersonal(text)).toBe(false))

test('ids as systems make them never do', () => {
  const ids = fc.oneof(
    fc.uuid(),
    fc.base64String().map((text) => `A${text}`),
    fc.integer().map(String),
    fc.ulid(),
  )
  fc.assert(
    fc.property(ids, (id) => {
      expect(looksPersonal(id)).toBe(false)
    }),
  )
})
