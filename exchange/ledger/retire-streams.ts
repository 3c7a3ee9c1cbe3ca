import { readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { TallyStore } from '../../audience/store/store.ts'
import { type Shipped, writeShipped } from './shipped-file.ts'
import type { StreamFollower } from './stream-follower.ts'

const RETIRED_SUFFIX = '.retired'

/**
 * Removes streams that are counted whole and old. Each step may be the last before a crash: first the file
 * goes out of the shipper's sight (else, its position forgotten, it would be counted again), then the store
 * forgets its position, then the file is removed. What an earlier run left between is finished.
 */
export async function retireStreams({
  dir,
  shipped,
  tallies,
  streams,
}: {
  dir: string
  shipped: Shipped
  tallies: TallyStore
  streams: readonly StreamFollower[]
}): Promise<void> {
  for (const { stream, openedMs } of streams) {
    const day = new Date(openedMs).toISOString().slice(0, 10)
    if (shipped.retiredThrough < day) shipped.retiredThrough = day
    shipped.streams.delete(stream)
  }
  if (streams.length > 0) await writeShipped(dir, shipped)
  for (const { path, stream } of streams) await rename(path, join(dir, stream + RETIRED_SUFFIX))
  const names = (await readdir(dir)).filter((name) => name.endsWith(RETIRED_SUFFIX))
  await tallies.retire(names.map((name) => name.slice(0, -RETIRED_SUFFIX.length)))
  for (const name of names) await unlink(join(dir, name))
}
