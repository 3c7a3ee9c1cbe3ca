import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { openValue, rewrapped, sealValue } from '../../../audience/vault/envelope.ts'
import { readVaultKeys, type VaultKeys } from '../../../audience/vault/vault-keys.ts'
import {
  packEntries,
  unpackEntries,
  type VaultEntry,
  withEntries,
} from '../../../audience/vault/vault-record.ts'

const [one, two] = [randomBytes(32), randomBytes(32)]
const keysOf = (current: string, ...entries: [string, Buffer][]): VaultKeys => ({
  current,
  keys: new Map(entries),
})
const old = keysOf('k1', ['k1', one])
const both = keysOf('k2', ['k1', one], ['k2', two])
const person = Buffer.alloc(16, 3)
const binding = { owner: 5, person, field: 'email' }

describe('a sealed value', () => {
  test('is read with the key it was sealed under, and says nothing without', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), (value) => {
        const envelope = sealValue(value, binding, old)
        expect(openValue(envelope, binding, both)).toBe(value)
        expect(openValue(envelope, binding, keysOf('k2', ['k2', two]))).toBeUndefined()
        expect(openValue(envelope, binding, keysOf('k1', ['k1', two]))).toBeUndefined()
        expect(sealValue(value, binding, old).sealed).not.toEqual(envelope.sealed)
      }),
    )
  })

  test('opens for nobody else: tenant, person and field are bound to it', () => {
    const envelope = sealValue('ann@mail.test', binding, old)
    const others = [{ owner: 6 }, { person: Buffer.alloc(16, 4) }, { field: 'phone' }]
    for (const other of others)
      expect(openValue(envelope, { ...binding, ...other }, old)).toBeUndefined()
    const bent = Buffer.from(envelope.sealed)
    bent[bent.length - 1]! ^= 1
    expect(openValue({ ...envelope, sealed: bent }, binding, old)).toBeUndefined()
    expect(openValue({ ...envelope, sealed: bent.subarray(0, 9) }, binding, old)).toBeUndefined()
  })

  test('comes under a new key without being sealed anew, and needs the old one no more', () => {
    const envelope = sealValue('ann@mail.test', binding, old)
    const moved = rewrapped(envelope, binding, both)!
    expect([moved.keyId, moved.sealed]).toEqual(['k2', envelope.sealed])
    expect(openValue(moved, binding, keysOf('k2', ['k2', two]))).toBe('ann@mail.test')
    expect(rewrapped(moved, binding, both)).toBeUndefined()
    expect(rewrapped(envelope, binding, keysOf('k2', ['k2', two]))).toBeUndefined()
  })
})

test('of one tenant and field the value said last stays, in whatever order they come', () => {
  const entry = (owner: number, field: 'email' | 'phone', atMs: number): VaultEntry => ({
    ...{ owner, field, atMs },
    ...sealValue(String(atMs), { owner, person, field }, old),
  })
  const all = [
    entry(1, 'email', 5),
    entry(1, 'email', 9),
    entry(2, 'email', 1),
    entry(1, 'phone', 3),
  ]
  const kept = (entries: VaultEntry[]) =>
    withEntries([], entries)
      .map(({ owner, field, atMs }) => `${owner} ${field} ${atMs}`)
      .sort()
  expect(kept(all)).toEqual(['1 email 9', '1 phone 3', '2 email 1'])
  expect(kept(all.toReversed())).toEqual(kept(all))
  expect(unpackEntries(packEntries(all))).toEqual(all)
  expect(packEntries([])).toHaveLength(0)
})

describe('a key file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vault-keys-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const read = (content: unknown) => {
    const path = join(dir, 'keys.json')
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return readVaultKeys(path)
  }

  test('names its keys and the current one', () => {
    const keys = read({ current: 'k1', keys: { k1: one.toString('base64') } })
    expect([keys.current, keys.keys.get('k1')]).toEqual(['k1', one])
  })

  test('is refused where it makes no sense, and nothing of it is repeated', () => {
    const secret = one.toString('base64')
    const bad = [
      'no json',
      {},
      { current: 'k2', keys: { k1: secret } },
      { current: 'k1', keys: { k1: secret.slice(4) } },
      { current: 'k1', keys: {} },
    ]
    for (const content of bad) {
      const refused = () => read(content)
      expect(refused).toThrow()
      expect(refused).not.toThrow(secret.slice(4))
    }
  })
})
