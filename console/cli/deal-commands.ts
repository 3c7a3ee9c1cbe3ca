import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import { printJson } from './io.ts'
import { readText } from './read-json.ts'
import type { Session } from './session.ts'

interface ImportOptions {
  exchange?: string
  seller?: string
}

interface DryRunOptions {
  buyer: string
  exchange?: string
  json?: boolean
}

interface DryRunDeal {
  deal: string
  dealId: string
  imps: number
  reason?: string
  says?: string
  missing?: string[]
  unwanted?: string[]
}

interface DryRunAnswer {
  reason?: string
  says?: string
  additions: object
  deals: DryRunDeal[]
  more: number
}

/** `passerelle deal import|dry-run <file>`: deals as other systems send them, and what would become of them. */
export function addDealCommands(deal: Command, session: Session): void {
  deal
    .command('import <file>')
    .description('takes IAB Deal Sync 1.0 or seller-agent documents: one, a list, or one a line')
    .option('--exchange <partner>', 'who honours the ids, where the documents do not say')
    .option('--seller <partner>', 'who sells them, where the documents do not say')
    .action((file: string, options: ImportOptions) => importDeals(session, file, options))
  deal
    .command('dry-run <file>')
    .description('which deals would be added to a bid request, and why not the others')
    .requiredOption('--buyer <partner>', 'whose request it is')
    .option('--exchange <partner>', 'where it comes from; default: the buyer’s own')
    .option('--json', 'the whole answer')
    .action((file: string, options: DryRunOptions) => dryRun(session, file, options))
}

async function dryRun(
  { io, client }: Session,
  file: string,
  { json, ...asked }: DryRunOptions,
): Promise<void> {
  const body = { ...asked, request: await readText(io, file) }
  const answer = (await client().call('POST', '/api/deals/dry-run', { body })).body as DryRunAnswer
  if (json) return printJson(io, answer)
  if (answer.reason) io.stdout.write(`${answer.reason}: ${answer.says}\n`)
  io.stdout.write(`${JSON.stringify(answer.additions)}\n`)
  for (const deal of answer.deals) io.stdout.write(`${dealLine(deal)}\n`)
  if (answer.more > 0) io.stdout.write(`… and ${answer.more} more\n`)
}

/** `+ spring (PM-1) in 2 imps`, or `- spring (PM-1) deal_paused: The deal is paused.` */
function dealLine({ deal, dealId, imps, reason, says, missing, unwanted }: DryRunDeal): string {
  const name = deal === dealId ? deal : `${deal} (${dealId})`
  if (reason === undefined) return `+ ${name} in ${imps} imp${imps === 1 ? '' : 's'}`
  const who = [
    ...(missing ? [`not in ${missing.join(', ')}`] : []),
    ...(unwanted ? [`in ${unwanted.join(', ')}`] : []),
  ]
  return `- ${name} ${reason}: ${says}${who.length > 0 ? ` (${who.join('; ')})` : ''}`
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
