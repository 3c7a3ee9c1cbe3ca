import { expect, test } from 'vitest'
import { patiently } from '../../support/patiently.ts'
import { startOtherProcess } from './other-process.ts'
import type { OpenForTest } from './store-conformance.ts'

const LONG_MS = 60_000
const bid = { instance: 'host-1', process: 'bid 1' }
const desk = { instance: 'host-2', process: 'desk' }

export function presenceConformance(open: OpenForTest): void {
  test('whoever announced itself is present with its last word, until it withdraws', async () => {
    const { presence } = (await open()).store
    expect(await presence.present()).toEqual([])
    await presence.announce({ ...bid, version: 3 }, LONG_MS)
    await presence.announce({ ...desk, version: 4 }, LONG_MS)
    await presence.announce({ ...bid, version: 5 }, LONG_MS)
    const present = await presence.present()
    expect(present).toHaveLength(2)
    expect(present).toContainEqual({ ...bid, version: 5 })
    expect(present).toContainEqual({ ...desk, version: 4 })
    await presence.withdraw(bid)
    await presence.withdraw({ instance: 'host-1', process: 'never there' })
    expect(await presence.present()).toEqual([{ ...desk, version: 4 }])
  })

  test('whoever falls silent is forgotten, and is there again with its next word', async () => {
    const { presence } = (await open()).store
    await presence.announce({ ...bid, version: 1 }, 20)
    await presence.announce({ ...desk, version: 1 }, LONG_MS)
    await patiently(async () => expect(await presence.present()).toEqual([{ ...desk, version: 1 }]))
    await presence.announce({ ...bid, version: 2 }, LONG_MS)
    expect(await presence.present()).toContainEqual({ ...bid, version: 2 })
  })

  test('names may hold anything, and processes see each other', async () => {
    const { store, address, dataDir } = await open()
    const odd = { instance: '../hôst/%2e', process: 'bid 1/2' }
    const other = await startOtherProcess(address, dataDir)
    try {
      await other.call('presence.announce', { ...odd, version: 7 }, LONG_MS)
      expect(await store.presence.present()).toEqual([{ ...odd, version: 7 }])
    } finally {
      await other.end()
    }
  })
}
