import { type FileHandle, open } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ImportReport } from '../imports/import-run.ts'
import { CliError } from './cli-error.ts'
import { type Explanation, explainLines } from './explain-lines.ts'
import { printJson, printLine } from './io.ts'
import { printItems } from './print-table.ts'
import type { Session } from './session.ts'
import { printReport, upload } from './upload.ts'

interface PersonOptions {
  reason?: string
}

const VERBS = {
  lookup: 'what is known of the person behind an id, and until when',
  export: 'all that is kept of the person, to be handed to that person',
  erase: 'suppresses the person for good, and deletes what is known of it',
} as const

/** `passerelle person lookup|export|erase <source> <uid>`. */
export function addPersonCommands(program: Command, session: Session): Command {
  const command = program.command('person').description('people, each by any of its ids')
  for (const [verb, description] of Object.entries(VERBS))
    command
      .command(`${verb} <source> <uid>`)
      .description(description)
      .option('--reason <text>', 'break-glass: why tenants’ people have to be seen; audited')
      .action(async (source: string, uid: string, { reason }: PersonOptions) => {
        const body = { source, uid, ...(reason === undefined ? {} : { reason }) }
        const answer = await session.client().call('POST', `/api/people/${verb}`, { body })
        printJson(session.io, answer.body)
      })
  addExplain(command, session)
  command
    .command('unmerge <source> <uid> [otherSource] [otherUid]')
    .description('takes the match of two ids back, or every match of one')
    .action(async (source: string, uid: string, otherSource?: string, otherUid?: string) => {
      const other =
        otherSource === undefined ? {} : { with: { source: otherSource, uid: otherUid } }
      const body = { source, uid, ...other }
      const answer = await session.client().call('POST', '/api/people/unmerge', { body })
      printLine(session.io, answer.body)
    })
  command
    .command('reveal <source> <uid> <fields>')
    .description(
      'what the vault holds of the person (fields: email,phone …), or its hashes; audited',
    )
    .requiredOption('--purpose <word>', 'sms, email, mail, call, audience or access')
    .requiredOption('--reason <text>', 'why, in a sentence')
    .option('--as <ruleset>', 'hashes in place of values: plain, uid2, google or meta')
    .action(async (source: string, uid: string, fields: string, options: object) => {
      const body = { source, uid, fields: fields.split(','), ...options }
      const answer = await session.client().call('POST', '/api/people/reveal', { body })
      printJson(session.io, answer.body)
    })
  command
    .command('suppress <file>')
    .description(
      'a deletion list (CSV or NDJSON, .gz goes as it is): deletes, and suppresses for good',
    )
    .option('--status <file>', 'writes what became of each line, as CSV')
    .option('--exempt <namespaces>', 'where the list does not apply, comma between')
    .action((file: string, options: SuppressOptions) => suppress(session, file, options))
  command
    .command('lists')
    .description('deletion lists, newest first, and how far they are; one JSON a line')
    .action(() => printItems(session, { path: '/api/suppressions', csv: false }))
  return command
}

interface ExplainOptions extends PersonOptions {
  partner?: string
  country?: string
  gdpr?: string
  consent?: string
  gpp?: string
  gppSid?: string
  usPrivacy?: string
  gpc?: boolean
  json?: boolean
}

function addExplain(person: Command, { io, client }: Session): void {
  person
    .command('explain <source> <uid> <segment>')
    .description('why the person is in a segment, or is not, and when that ends')
    .option('--reason <text>', 'break-glass: why tenants’ people have to be seen; audited')
    .option('--partner <id>', 'whether this one’s bid requests would be given it, and why not')
    .option('--country <alpha-3>', 'where the device is')
    .option('--gdpr <0|1>', 'whether the GDPR applies')
    .option('--consent <tc string>', 'the TC string')
    .option('--gpp <string>', 'the GPP string')
    .option('--gpp-sid <ids>', 'sections of it that apply, comma between')
    .option('--us-privacy <string>', 'the US Privacy string')
    .option('--gpc', 'Global Privacy Control is set')
    .option('--json', 'all of it')
    .action(async (source: string, uid: string, segment: string, options: ExplainOptions) => {
      const body = { source, uid, segment, ...questionOf(options) }
      const answer = (await client().call('POST', '/api/people/explain', { body })).body
      if (options.json) return printJson(io, answer)
      for (const line of explainLines(answer as Explanation, options.partner))
        io.stdout.write(`${line}\n`)
    })
}

function questionOf({ reason, partner, country, gpc, ...options }: ExplainOptions): object {
  const consent = {
    gdpr: options.gdpr === undefined ? undefined : Number(options.gdpr),
    gdprConsent: options.consent,
    usPrivacy: options.usPrivacy,
    gpp: options.gpp,
    gppSid: options.gppSid?.split(',').map(Number),
    gpc,
  }
  const isSaid = Object.values(consent).some((one) => one !== undefined)
  // What is undefined is not sent.
  return { reason, partner, country, consent: isSaid ? consent : undefined }
}

interface SuppressOptions {
  status?: string
  exempt?: string
}

interface SuppressReport extends ImportReport {
  id: string
  statuses: Record<string, number>
}

async function suppress(
  session: Session,
  file: string,
  { status, exempt }: SuppressOptions,
): Promise<void> {
  const query = exempt === undefined ? '' : `?exempt=${encodeURIComponent(exempt)}`
  const into = status === undefined ? undefined : await opened(status)
  try {
    const report = await upload<SuppressReport>(session, {
      path: `/api/suppressions${query}`,
      file,
    })
    if (into) await writeStatuses(session, report.id, into)
    printSuppressed(session, report)
  } finally {
    await into?.close()
  }
}

function printSuppressed(session: Session, report: SuppressReport): void {
  const counts = Object.entries(report.statuses).map(([word, count]) => `${word} ${count}`)
  printReport(session, report, () => {
    session.io.stdout.write(`list ${report.id}: ${counts.join(', ')}\n`)
  })
}

/** Before anything is sent: what became of a list that was sent could not be told any more. */
async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w', 0o600)
  } catch (error) {
    throw new CliError(`${path} cannot be written: ${(error as Error).message}`)
  }
}

/** Page by page: a list may have any length. */
async function writeStatuses(session: Session, id: string, file: FileHandle): Promise<void> {
  await file.write('line,status\n')
  for (let after: string | null = '0'; after !== null; ) {
    const asked = `/api/suppressions/${id}/status?limit=1000&after=${after}`
    const page = (await session.client().call('GET', asked)).body as StatusPage
    const rows = page.items.filter(({ status }) => status !== 'none')
    await file.write(rows.map(({ line, status }) => `${line},${status}\n`).join(''))
    after = page.next
  }
}

interface StatusPage {
  items: { line: number; status: string }[]
  next: string | null
}
