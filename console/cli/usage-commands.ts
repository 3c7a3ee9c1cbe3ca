import type { Command } from 'commander'
import { pathWith, printItems, type QueryOptions } from './print-table.ts'
import type { Session } from './session.ts'
import { printReport, upload } from './upload.ts'

/** `passerelle usage`: what was used, day by day; and `usage report`, a buyer’s own count. */
export function addUsageCommands(program: Command, session: Session): void {
  const usage = program
    .command('usage')
    .description('what was used under contracts, day by day, one JSON a line')
    .option('--contract <id>')
    .option('--segment <id>')
    .option('--buyer <partner>')
    .option('--seller <partner>')
    .option('--from <day>', 'first day; by default 31 days ago')
    .option('--to <day>', 'last day')
    .option('--csv', 'as a table')
    .action(({ csv, ...query }: { csv?: boolean } & QueryOptions) =>
      printItems(session, { path: pathWith('/api/usage', query), csv }),
    )
  usage
    .command('report <file>')
    .description('sends a buyer’s own count: NDJSON, or CSV by its name; - reads NDJSON from stdin')
    .action(async (file: string) =>
      printReport(session, await upload(session, { path: '/api/usage/reports', file })),
    )
}
