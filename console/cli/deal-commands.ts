import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import { printJson } from './io.ts'
import { readText } from './read-json.ts'
import type { Session } from './session.ts'

interface ImportOptions {
  exchange?: string
  seller?: string
}

/** `passerelle deal import <file>`: deals as other systems send them. */
export function addDealCommands(deal: Command, session: Session): void {
  deal
    .command('import <file>')
    .description('takes IAB Deal Sync 1.0 or seller-agent documents: one, a list, or one a line')
    .option('--exchange <partner>', 'who honours the ids, where the documents do not say')
    .option('--seller <partner>', 'who sells them, where the documents do not say')
    .action((file: string, options: ImportOptions) => importDeals(session, file, options))
}

/** Throws CliError where documents were refused, so that scripts notice: the others are in. */
async function importDeals(session: Session, file: string, options: ImportOptions): Promise<void> {
  const { io, client } = session
  const json = await readText(io, file)
  const query = new URLSearchParams({ ...options })
  const path = `/api/deals/import${query.size > 0 ? `?${query}` : ''}`
  const { body } = await client().call('POST', path, { json })
  printJson(io, body)
  const { refused = 0 } = body as { refused?: number }
  if (refused > 0) throw new CliError(`${refused} documents were refused; the others are in.`)
}
