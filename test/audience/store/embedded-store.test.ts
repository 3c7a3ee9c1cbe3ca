import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../audience/clock.ts'
import { openEmbeddedStore } from '../../../audience/store/embedded/embedded-store.ts'
import { storeConformance } from './store-conformance.ts'

storeConformance('the embedded store', async (options = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-store-'))
  const openOne = () => openEmbeddedStore(dir, { clock: systemClock, ...options })
  const store = await openOne()
  return {
    store,
    address: `embedded:${dir}`,
    dataDir: dir,
    reopen: openOne,
    close: async () => {
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
})
