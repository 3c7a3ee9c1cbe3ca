import type { Command } from 'commander'
import { printJson } from './io.ts'
import { pathWith, printItems, type QueryOptions } from './print-table.ts'
import { part, type Session } from './session.ts'

/** `passerelle source quality [id]`: how good what comes from sources is, and why. */
export function addQualityCommand(source: Command, session: Session): void {
  source
    .command('quality [id]')
    .description('data quality score with its components; of all sources one JSON a line')
    .option('--from <day>', 'first day; by default 29 days before the last')
    .option('--to <day>', 'last day; by default today')
    .action(async (id: string | undefined, query: QueryOptions) => {
      if (id === undefined)
        return printItems(session, { path: pathWith('/api/quality', query), csv: false })
      const path = pathWith(`/api/sources/${part(id)}/quality`, query)
      printJson(session.io, (await session.client().call('GET', path)).body)
    })
}
