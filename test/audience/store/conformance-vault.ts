import { expect, test } from 'vitest'
import { idOf } from './records.ts'
import type { OpenForTest } from './store-conformance.ts'

export function vaultConformance(open: OpenForTest): void {
  const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()
  const put = (name: string, value: string) => ({
    key: idOf(name).key,
    next: () => Buffer.from(value),
  })

  test('what is put is read by its key, rewritten from what is held, and taken by nothing', async () => {
    const { vault } = (await open()).store
    await vault.rewrite([put('a', 'one'), put('b', 'two')])
    const add = (held: Uint8Array) => Buffer.concat([held, Buffer.from('+')])
    await vault.rewrite([{ key: idOf('a').key, next: add }])
    const keys = ['a', 'b', 'c'].map((name) => idOf(name).key)
    expect((await vault.read(keys)).map(text)).toEqual(['one+', 'two', ''])
    await vault.rewrite([put('a', '')])
    expect((await vault.read(keys)).map(text)).toEqual(['', 'two', ''])
  })

  test('all there is, is told once', async () => {
    const { vault } = (await open()).store
    const names = Array.from({ length: 300 }, (_, i) => `all ${i}`)
    await vault.rewrite(names.map((name) => put(name, name)))
    const found: string[] = []
    for await (const kept of vault.all()) found.push(...kept.map(({ bytes }) => text(bytes)))
    expect(found.sort()).toEqual(names.sort())
  })

  test('a suppression takes what there is and lets nothing in; forgetting takes it', async () => {
    const { vault, people } = (await open()).store
    await vault.rewrite([put('a', 'one'), put('b', 'two')])
    await people.suppress([{ key: idOf('a').key, kind: 'erased' }])
    await vault.rewrite([put('a', 'again')])
    await people.forget([idOf('b').key])
    const held = await vault.read([idOf('a').key, idOf('b').key])
    expect(held.map(text)).toEqual(['', ''])
  })

  test('two processes that add at once lose nothing', async () => {
    const opened = await open()
    const second = await opened.reopen()
    const add = (letter: string) => ({
      key: idOf('a').key,
      next: (held: Uint8Array) => Buffer.concat([held, Buffer.from(letter)]),
    })
    const writes = Array.from({ length: 10 }, (_, i) =>
      (i % 2 ? second : opened.store).vault.rewrite([add(String(i))]),
    )
    await Promise.all(writes)
    const [held] = await opened.store.vault.read([idOf('a').key])
    expect([...text(held)].sort().join('')).toBe('0123456789')
    await second.close()
  })
}
