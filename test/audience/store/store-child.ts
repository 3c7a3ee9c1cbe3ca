import { systemClock } from '../../../audience/clock.ts'
import { openStore } from '../../../audience/store/open-store.ts'
import type { Store } from '../../../audience/store/store.ts'
import { keyOf, recordOf } from './torrent.ts'

// Another process on the same store: does what its parent asks over IPC (see other-process.ts).

const [address = '', dataDir = ''] = process.argv.slice(2)
const store = await openStore(address, { clock: systemClock, dataDir })

process.on('message', (call: { id: number; verb: string; args: unknown[] }) => void answer(call))
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })

async function answer({ id, verb, args }: { id: number; verb: string; args: unknown[] }) {
  try {
    process.send?.({ id, result: await verbOf(verb)(...args) })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.message : String(error) })
  }
}

function verbOf(verb: string): (...args: unknown[]) => unknown {
  if (verb === 'torrent') return torrent
  const [room = '', name = ''] = verb.split('.')
  const target = room === 'store' ? store : store[room as 'people' | 'catalog' | 'presence']
  const method = (target as unknown as Record<string, (...args: unknown[]) => unknown>)[name]
  if (!method) throw new Error(`no verb ${verb}`)
  return method.bind(target)
}

/** Writes the `from`th and all after it, telling of each once it is answered: until the parent kills this. */
async function torrent(from: unknown): Promise<void> {
  for (let n = Number(from); ; n++) {
    await writeOne(store, n)
    process.send?.({ acked: n })
  }
}

async function writeOne({ people, catalog }: Store, n: number): Promise<void> {
  if (n % 3 === 0) await catalog.write([recordOf(n)])
  else
    await people.assign([{ key: keyOf(n), add: [{ segment: n, expiryDay: 60_000 }], remove: [] }])
}
