import type { Command } from 'commander'
import { pathWith, printItems, type QueryOptions } from './print-table.ts'
import type { Session } from './session.ts'

/** `passerelle matchrates`: four rates, each with what it is made of. */
export function addMatchRateCommand(program: Command, session: Session): void {
  program
    .command('matchrates')
    .description('offered, matched, live and biddable, by partner, browser class and namespace')
    .option('--partner <id>')
    .option('--browser <class>', 'chromium, safari, firefox or other')
    .option('--from <day>', 'first day; by default 29 days before the last')
    .option('--to <day>', 'last day; by default today')
    .option('--by <day>', 'day: a row for each day')
    .option('--csv', 'as a table')
    .action(({ csv, ...query }: { csv?: boolean } & QueryOptions) =>
      printItems(session, { path: pathWith('/api/matchrates', query), csv }),
    )
}
