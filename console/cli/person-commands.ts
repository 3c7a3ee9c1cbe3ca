import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { systemClock } from '../../audience/clock.ts'
import { CliError } from './cli-error.ts'
import { counted, sourceOf } from './import-commands.ts'
import { openProgress } from './progress.ts'
import type { Session } from './session.ts'

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
        session.io.stdout.write(`${JSON.stringify(answer.body, null, 2)}\n`)
      })
  command
    .command('suppress <file>')
    .description(
      'a deletion list (CSV or NDJSON, .gz goes as it is): deletes, and suppresses for good',
    )
    .option('--status <file>', 'writes what became of each line, as CSV')
    .option('--exempt <namespaces>', 'where the list does not apply, comma between')
    .action((file: string, options: SuppressOptions) => suppress(session, file, options))
  return command
}

interface SuppressOptions {
  status?: string
  exempt?: string
}

interface SuppressReport {
  id: string
  accepted: number
  rejected: number
  errors: { line: number; reason: string }[]
  statuses: Record<string, number>
}

async function suppress(
  session: Session,
  file: string,
  { status, exempt }: SuppressOptions,
): Promise<void> {
  const { source, bytesTotal } = sourceOf(session, file)
  const progress = openProgress(session.io, { bytesTotal, clock: systemClock })
  const isCsv = /\.csv(\.gz)?$/.test(file)
  const headers = {
    'content-type': isCsv ? 'text/csv' : 'application/x-ndjson',
    ...(file.endsWith('.gz') ? { 'content-encoding': 'gzip' } : {}),
  }
  const query = exempt === undefined ? '' : `?exempt=${encodeURIComponent(exempt)}`
  let report: SuppressReport
  try {
    const stream = Readable.from(counted(source, progress))
    const path = `/api/suppressions${query}`
    report = (await session.client().call('POST', path, { stream, headers })).body as SuppressReport
  } finally {
    progress.stop()
    source.destroy()
  }
  const counts = Object.entries(report.statuses).map(([word, count]) => `${word} ${count}`)
  session.io.stdout.write(`list ${report.id}: ${counts.join(', ')}, bad ${report.rejected}\n`)
  if (status !== undefined) await writeStatuses(session, report.id, status)
  for (const { line, reason } of report.errors) session.io.stderr.write(`line ${line}: ${reason}\n`)
  if (report.rejected > 0)
    throw new CliError(`${report.rejected} lines were bad; the others are done.`)
}

/** Page by page: a list may have any length. */
async function writeStatuses(session: Session, id: string, path: string): Promise<void> {
  const file = createWriteStream(path, { mode: 0o600 })
  file.write('line,status\n')
  for (let after: string | null = '0'; after !== null; ) {
    const asked = `/api/suppressions/${id}/status?limit=1000&after=${after}`
    const page = (await session.client().call('GET', asked)).body as StatusPage
    await writeRows(file, page.items)
    after = page.next
  }
  file.end()
  await once(file, 'finish')
}

interface StatusPage {
  items: { line: number; status: string }[]
  next: string | null
}

async function writeRows(file: WriteStream, items: StatusPage['items']): Promise<void> {
  const rows = items.filter(({ status }) => status !== 'none')
  const text = rows.map(({ line, status }) => `${line},${status}\n`).join('')
  if (!file.write(text)) await once(file, 'drain')
}
