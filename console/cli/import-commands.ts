import type { Command } from 'commander'
import { BULK_TYPE } from '../imports/bulk-type.ts'
import type { ImportReport } from '../imports/import-run.ts'
import { CliError } from './cli-error.ts'
import { printLine } from './io.ts'
import { itemsOf, part, type Session } from './session.ts'
import { printReport, upload } from './upload.ts'

interface ImportOptions {
  basis?: string
  /** The segment whose members the file replaces. */
  replace?: string
  confirm?: boolean
}

/** `passerelle import memberships|matches <file|->`, with progress; `.gz` files go as they are. `import list`. */
export function addImportCommands(program: Command, session: Session): void {
  const command = program.command('import').description('files of lines, however large')
  command
    .command('memberships <file>')
    .description('puts people into segments and takes them out; - reads stdin')
    .option('--basis <text>', 'the evidence of consent the import rests on')
    .option('--replace <segment>', 'makes the lines all there is in this segment')
    .option('--confirm', 'with --replace: the segment may shrink to less than half')
    .action((file: string, options: ImportOptions) =>
      importFile(session, 'memberships', { file, options }),
    )
  command
    .command('matches <file>')
    .description('says which ids are the same person; a .pb is the bulk protobuf; - reads stdin')
    .option('--basis <text>', 'the evidence of consent the import rests on')
    .action((file: string, options: ImportOptions) =>
      importFile(session, 'matches', { file, options }),
    )
  addEventsCommand(command, session)
  command
    .command('list')
    .description('what was imported, by whom, on which evidence of consent; one JSON a line')
    .option(
      '--segment <id>',
      'that replaced this segment, or put people into it where it is sensitive',
    )
    .action(async ({ segment }: { segment?: string }) => {
      const query = segment === undefined ? '' : `?segment=${part(segment)}`
      for await (const one of itemsOf(session, `/api/imports${query}`)) printLine(session.io, one)
    })
}

interface EventsOptions {
  source: string
  type?: string
  event?: string
  map?: string[]
  csv?: boolean
  basis?: string
}

function addEventsCommand(command: Command, session: Session): void {
  command
    .command('events <file>')
    .description(
      'collects the rows of a file of events or customers: NDJSON, or .csv, .tsv; - reads stdin',
    )
    .requiredOption('--source <id>', 'whose events they are')
    .option(
      '--map <column=field...>',
      'what a column is: userId, timestamp, properties.total …; - leaves it out',
    )
    .option('--csv', 'it is CSV, whatever it is called')
    .option('--type <type>', 'kind of the rows that do not say: track, identify, page …')
    .option('--event <name>', 'event of the rows that name none')
    .option('--basis <text>', 'the evidence of consent the import rests on')
    .action(async (file: string, { map = [], csv, ...options }: EventsOptions) => {
      const columns = Object.fromEntries(map.map(columnAndField))
      const query = new URLSearchParams({ ...options })
      if (map.length > 0) query.set('map', JSON.stringify(columns))
      const first = async () =>
        void (await session.client().call('GET', `/api/sources/${part(options.source)}`))
      const report = await upload<ImportReport & { denied: number }>(session, {
        ...{ path: `/api/events?${query}`, file, first },
        ...(csv ? { type: 'text/csv' } : {}),
      })
      printReport(session, report, () => {
        if (report.denied > 0)
          session.io.stdout.write(`without consent ${report.denied}: not kept\n`)
      })
    })
}

/** A column may have an equals sign in its name; a field has none. */
function columnAndField(text: string): [column: string, field: string] {
  const at = text.lastIndexOf('=')
  if (at < 1) throw new CliError(`--map ${text} is not column=field`)
  return [text.slice(0, at), text.slice(at + 1)]
}

async function importFile(
  session: Session,
  what: 'memberships' | 'matches',
  { file, options }: { file: string; options: ImportOptions },
): Promise<void> {
  const path = `/api/${what}${queryOf(options)}`
  const first = () => askFirst(session, options)
  const report = await upload<ImportReport & { replaced?: Replaced }>(session, {
    path,
    file,
    first,
    ...(what === 'matches' && /[.]pb([.]gz)?$/i.test(file) ? { type: BULK_TYPE } : {}),
  })
  const { replaced } = report
  printReport(session, report, () => {
    if (replaced)
      session.io.stdout.write(`people in the segment: ${replaced.before}, now ${replaced.after}\n`)
  })
}

/** Small questions before a large upload: is the token good, is there such a segment. */
async function askFirst({ client }: Session, { replace }: ImportOptions): Promise<void> {
  await client().call('GET', '/api/catalog/version')
  if (replace !== undefined) await client().call('GET', `/api/segments/${part(replace)}`)
}

function queryOf({ basis, replace, confirm }: ImportOptions): string {
  const query = new URLSearchParams()
  if (basis !== undefined) query.set('basis', basis)
  if (replace !== undefined) {
    query.set('segment', replace)
    query.set('mode', 'replace')
  }
  if (confirm) query.set('confirm', 'true')
  return query.size > 0 ? `?${query}` : ''
}

interface Replaced {
  before: number
  after: number
}
