import { expect, test } from 'vitest'
import { startOtherProcess } from './other-process.ts'
import { membershipsIn } from './records.ts'
import type { OpenForTest } from './store-conformance.ts'
import { keyOf, recordOf } from './torrent.ts'

const KILLS = 6
/** Starting a process and waiting for its word, on a machine that has other things to do. */
const PROCESS_MS_MAX = 60_000

export function processesConformance(open: OpenForTest): void {
  test('what another process writes is seen at the next poll', async () => {
    const { store, address, dataDir } = await open()
    const other = await startOtherProcess(address, dataDir)
    try {
      for (let n = 1; n <= 5; n++) {
        const cursor = await store.people.changesEnd()
        const version = await store.catalog.version()
        const add = [{ segment: n, expiryDay: 60_000 }]
        await other.call('people.assign', [{ key: keyOf(n), add, remove: [] }])
        const { entries } = await store.people.changesSince(cursor, 100)
        expect(entries).toMatchObject([{ what: 'assign', key: keyOf(n), added: [n] }])
        expect(membershipsIn((await store.people.recall([keyOf(n)]))[0])).toEqual({ [n]: 60_000 })
        await other.call('catalog.write', [recordOf(n)])
        const changes = await store.catalog.changesSince(version)
        expect(changes.records).toMatchObject([{ id: `s${n}`, value: { number: n } }])
      }
    } finally {
      await other.end()
    }
  })

  test('every process has the same root secret of 32 bytes, also the first time', async () => {
    const { store, address, dataDir, reopen } = await open()
    const other = await startOtherProcess(address, dataDir)
    const second = await reopen()
    try {
      const secrets = await Promise.all([
        store.rootSecret(),
        other.call<Uint8Array>('store.rootSecret'),
        second.rootSecret(),
        store.rootSecret(),
      ])
      const hex = secrets.map((secret) => Buffer.from(secret).toString('hex'))
      expect(secrets[0].length).toBe(32)
      expect(new Set(hex).size).toBe(1)
    } finally {
      await second.close()
      await other.end()
    }
  })

  test(
    `nothing answered is lost when a writer is killed, ${KILLS} times`,
    async () => {
      const { store, address, dataDir } = await open()
      for (let kill = 0; kill < KILLS; kill++) {
        const other = await startOtherProcess(address, dataDir)
        const acked = await other.torrentThenKill(1 + kill * 1_000, 15 + kill * 11)
        const { records } = await store.catalog.load()
        const ids = new Set(records.map((record) => record.id))
        for (const n of acked) {
          if (n % 3 === 0) expect(ids).toContain(`s${n}`)
          else {
            const [record] = await store.people.recall([keyOf(n)])
            expect(membershipsIn(record)).toEqual({ [n]: 60_000 })
          }
        }
      }
    },
    KILLS * PROCESS_MS_MAX,
  )

  test('what was answered is there after everything was closed and opened again', async () => {
    const opened = await open()
    const other = await startOtherProcess(opened.address, opened.dataDir)
    await opened.store.close()
    const acked = (await other.torrentThenKill(1, 20)).filter((n) => n % 3 !== 0)
    const again = await opened.reopen()
    const found = await again.people.recall(acked.map(keyOf))
    expect(found.map(membershipsIn)).toEqual(acked.map((n) => ({ [n]: 60_000 })))
    await again.close()
  })
}
