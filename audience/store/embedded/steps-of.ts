import { LIMITS } from '../limits.ts'
import type { BytesDb } from './lmdb.ts'

/** All entries, in steps that are each a read of its own: a snapshot held over turns would keep old pages from reuse. */
export async function* stepsOf(db: BytesDb): AsyncIterable<{ key: Buffer; value: Buffer }[]> {
  const limit = LIMITS.holdersScanMax
  let last: Buffer | undefined
  for (;;) {
    const start = last ? { start: last, exclusiveStart: true } : {}
    const step = [...db.getRange({ ...start, limit })]
    last = step.at(-1)?.key
    yield step
    if (step.length < limit) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
