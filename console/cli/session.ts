import type { Client } from './client.ts'
import type { Io } from './io.ts'

/** What every command works with. */
export interface Session {
  io: Io
  /** Made when a command first needs it, from the options given by then. */
  client(): Client
}

interface Page {
  items: unknown[]
  next: string | null
}

/** Every item of a list, page by page, at most `max`. The path may have a query of its own. */
export async function* itemsOf(
  { client }: Session,
  path: string,
  max = Number.POSITIVE_INFINITY,
): AsyncIterable<unknown> {
  let left = max
  for (let after = ''; left > 0; ) {
    const limit = Math.min(left, PAGE)
    const mark = path.includes('?') ? '&' : '?'
    const query = `${mark}limit=${limit}${after ? `&after=${encodeURIComponent(after)}` : ''}`
    const { items, next } = (await client().call('GET', `${path}${query}`)).body as Page
    yield* items
    left -= items.length
    if (next === null) return
    after = next
  }
}

const PAGE = 1_000

/** A segment of a path, whatever it holds. */
export function part(text: string): string {
  return encodeURIComponent(text)
}
