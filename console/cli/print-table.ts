import { printLine } from './io.ts'
import { itemsOf, type Session } from './session.ts'

/** Options that are parameters of the query by the same names. */
export type QueryOptions = Readonly<Record<string, string | undefined>>

/** Every item of a list, one JSON a line, or all as CSV. */
export async function printItems(
  session: Session,
  { path, csv }: { path: string; csv: boolean | undefined },
): Promise<void> {
  if (csv) return printCsv(session, path)
  for await (const item of itemsOf(session, path)) printLine(session.io, item)
}

/** A table, whole: of answers after the first, the line that heads it is left out. */
export async function printCsv({ io, client }: Session, path: string): Promise<void> {
  const mark = path.includes('?') ? '&' : '?'
  for (let after = ''; ; ) {
    const more = after ? `&after=${encodeURIComponent(after)}` : ''
    const { text, next } = await client().call('GET', `${path}${mark}format=csv${more}`)
    io.stdout.write(after ? text.slice(text.indexOf('\n') + 1) : text)
    if (next === undefined) return
    after = next
  }
}

export function pathWith(path: string, query: QueryOptions): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given as [string, string][])}`
}
