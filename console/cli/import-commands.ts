import { createReadStream, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { systemClock } from '../../audience/clock.ts'
import type { ImportReport } from '../imports/import-run.ts'
import { CliError } from './cli-error.ts'
import { printLine } from './io.ts'
import { openProgress, type Progress } from './progress.ts'
import { itemsOf, part, type Session } from './session.ts'

interface ImportOptions {
  basis?: string
  /** The segment whose members the file replaces. */
  replace?: string
  confirm?: boolean
}

/** `passerelle import memberships|matches <file|->`, with progress; `.gz` files go as they are. `import list`. */
export function addImportCommands(program: Command, session: Session): void {
  const command = program.command('import').description('NDJSON files, however large')
  command
    .command('memberships <file>')
    .description('puts people into segments and takes them out; - reads stdin')
    .option('--basis <text>', 'the evidence of consent the import rests on')
    .option('--replace <segment>', 'makes the lines all there is in this segment')
    .option('--confirm', 'with --replace: the segment may shrink to less than half')
    .action((file: string, options: ImportOptions) =>
      upload(session, 'memberships', { file, options }),
    )
  command
    .command('matches <file>')
    .description('says which ids are the same person; - reads stdin')
    .option('--basis <text>', 'the evidence of consent the import rests on')
    .action((file: string, options: ImportOptions) => upload(session, 'matches', { file, options }))
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

async function upload(
  session: Session,
  what: 'memberships' | 'matches',
  { file, options }: { file: string; options: ImportOptions },
): Promise<void> {
  const { source, bytesTotal } = sourceOf(session, file)
  await askFirst(session, options)
  const progress = openProgress(session.io, { bytesTotal, clock: systemClock })
  const headers = {
    'content-type': 'application/x-ndjson',
    ...(file.endsWith('.gz') ? { 'content-encoding': 'gzip' } : {}),
  }
  let report: ImportReport
  try {
    const stream = Readable.from(counted(source, progress))
    const path = `/api/${what}${queryOf(options)}`
    report = (await session.client().call('POST', path, { stream, headers })).body as ImportReport
  } finally {
    progress.stop()
    source.destroy()
  }
  printReport(session, report)
}

/** Small questions before a large upload: is the token good, is there such a segment. */
async function askFirst({ client }: Session, { replace }: ImportOptions): Promise<void> {
  await client().call('GET', '/api/catalog/version')
  if (replace !== undefined) await client().call('GET', `/api/segments/${part(replace)}`)
}

function sourceOf({ io }: Session, file: string): { source: Readable; bytesTotal?: number } {
  if (file === '-') return { source: io.stdin }
  try {
    return { source: createReadStream(file), bytesTotal: statSync(file).size }
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`)
  }
}

async function* counted(source: Readable, progress: Progress): AsyncIterable<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    progress.add(chunk.length)
    yield chunk
  }
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

/** Throws CliError where lines were bad, so that scripts notice: the good ones are in. */
function printReport({ io }: Session, report: ImportReport & { replaced?: Replaced }): void {
  const { accepted, rejected, errors, replaced } = report
  io.stdout.write(`accepted ${accepted}, rejected ${rejected}\n`)
  if (replaced)
    io.stdout.write(`people in the segment: ${replaced.before}, now ${replaced.after}\n`)
  if (rejected === 0) return
  for (const { line, reason } of errors) io.stderr.write(`line ${line}: ${reason}\n`)
  const were = rejected === 1 ? '1 line was' : `${rejected} lines were`
  throw new CliError(`${were} bad; the others are in.`, [
    'Mend that and import the file again: what is in already does no harm.',
  ])
}

interface Replaced {
  before: number
  after: number
}
