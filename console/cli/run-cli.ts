import { addCatalogCommands } from './catalog-commands.ts'
import { CliError, linesOf } from './cli-error.ts'
import { Client } from './client.ts'
import { Command, CommanderError } from './commander.ts'
import { type ConnectionOptions, connectionOf } from './connection.ts'
import { addContractCommands } from './contract-commands.ts'
import { addDataProtectionCommand } from './data-protection-commands.ts'
import { addDealCommands } from './deal-commands.ts'
import { addImportCommands } from './import-commands.ts'
import { type Io, printLine } from './io.ts'
import { addKeyCommands, addSourceKeyCommands } from './key-commands.ts'
import { addLabelCommands } from './label-commands.ts'
import { addLookalikeCommand } from './lookalike-command.ts'
import { addMatchRateCommand } from './match-rate-command.ts'
import { addObjectCommands, OBJECT_NOUNS } from './object-commands.ts'
import { addOfferCommands } from './offer-commands.ts'
import { addPersonCommands } from './person-commands.ts'
import { addQualityCommand } from './quality-command.ts'
import { addReachCommands } from './reach-commands.ts'
import { addRuleCommands } from './rule-commands.ts'
import { itemsOf, type Session } from './session.ts'
import { addSourceCommands } from './source-commands.ts'
import { addStatementCommands } from './statement-commands.ts'
import { addTaxonomyCommands } from './taxonomy-commands.ts'
import { addTokenKeysCommand } from './token-keys-command.ts'
import { addUsageCommands } from './usage-commands.ts'
import { addVaultCommands } from './vault-commands.ts'
import { addVerifyCommands } from './verify-commands.ts'

const AUDIT_LIMIT = 100

/**
 * Runs one command (without the program's name). Resolves with the exit code: 0 done, 1 refused or
 * failed, 2 not a command.
 */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  const program = programOf(io)
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    // Commander has said what is wrong already; help is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    for (const line of linesOf(error)) io.stderr.write(`${line}\n`)
    return 1
  }
}

function programOf(io: Io): Command {
  const program = new Command('passerelle')
    .description('Operates a running Passerelle over its control API.')
    .option(
      '--url <url>',
      'where the console is (PASSERELLE_URL; this machine, port PASSERELLE_CONSOLE_PORT or 8081)',
    )
    .option('--token <token>', 'operator token (PASSERELLE_ADMIN_TOKEN; else the data directory’s)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError()
  const client = () => new Client(connectionOf(program.opts<ConnectionOptions>(), io))
  const session: Session = { io, client }
  for (const noun of OBJECT_NOUNS) {
    const command = addObjectCommands(program, session, noun)
    if (noun.noun === 'namespace') addTokenKeysCommand(command, session)
    if (noun.noun === 'segment') {
      addLabelCommands(command, session)
      addRuleCommands(command, session)
      addLookalikeCommand(command, session)
    }
    if (noun.noun === 'offer') addOfferCommands(command, session)
    if (noun.noun === 'contract') addContractCommands(program, command, session)
    if (noun.noun === 'source') {
      addSourceKeyCommands(command, session)
      addSourceCommands(command, session)
      addQualityCommand(command, session)
    }
    if (noun.noun === 'deal') addDealCommands(command, session)
  }
  addTaxonomyCommands(program, session)
  addKeyCommands(program, session)
  addImportCommands(program, session)
  addDataProtectionCommand(program, session)
  addPersonCommands(program, session)
  addVaultCommands(program, session)
  addMatchRateCommand(program, session)
  addUsageCommands(program, session)
  addReachCommands(program, session)
  addStatementCommands(program, session)
  addCatalogCommands(program, session)
  addVerifyCommands(program, addAuditCommand(program, session), session)
  return program
}

function addAuditCommand(program: Command, session: Session): Command {
  return program
    .command('audit')
    .description('the newest writes, one JSON a line')
    .option('--limit <number>', 'how many', String(AUDIT_LIMIT))
    .action(async ({ limit }: { limit: string }) => {
      if (!/^[1-9]\d{0,8}$/.test(limit)) throw new CliError(`--limit ${limit} is no number`)
      for await (const entry of itemsOf(session, '/api/audit', Number(limit)))
        printLine(session.io, entry)
    })
}
