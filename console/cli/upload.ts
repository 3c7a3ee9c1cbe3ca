import { createReadStream, fstatSync, openSync } from 'node:fs'
import { Readable } from 'node:stream'
import { systemClock } from '../../audience/clock.ts'
import type { ImportReport } from '../imports/import-run.ts'
import { CliError } from './cli-error.ts'
import { openProgress, type Progress } from './progress.ts'
import type { Session } from './session.ts'

export interface Upload {
  path: string
  /** `-` is stdin; `.gz` goes as it is. */
  file: string
  /** Content type; default: CSV or NDJSON, as the file is called. */
  type?: string
  /** Asked before anything is sent. */
  first?: () => Promise<void>
}

/** Sends a file of lines, however large, with progress; answers with what became of them. */
export async function upload<R extends ImportReport>(
  session: Session,
  { path, file, type = typeOf(file), first }: Upload,
): Promise<R> {
  const { source, bytesTotal } = sourceOf(session, file)
  await first?.()
  const progress = openProgress(session.io, { bytesTotal, clock: systemClock })
  const headers = {
    'content-type': type,
    // What is no JSON would be answered in kind.
    accept: 'application/json',
    ...(/[.]gz$/i.test(file) ? { 'content-encoding': 'gzip' } : {}),
  }
  try {
    const stream = Readable.from(counted(source, progress))
    return (await session.client().call('POST', path, { stream, headers })).body as R
  } finally {
    progress.stop()
    source.destroy()
  }
}

function typeOf(file: string): string {
  return /[.](csv|tsv)([.]gz)?$/i.test(file) ? 'text/csv' : 'application/x-ndjson'
}

/** Throws CliError where lines were bad, so that scripts notice: the good ones are in. */
export function printReport(
  { io }: Session,
  { accepted, rejected, errors }: ImportReport,
  more: () => void = () => {},
): void {
  io.stdout.write(`accepted ${accepted}, rejected ${rejected}\n`)
  more()
  if (rejected === 0) return
  for (const { line, field, reason } of errors)
    io.stderr.write(`line ${line}: ${field ? `${field} ` : ''}${reason}\n`)
  const were = rejected === 1 ? '1 line was' : `${rejected} lines were`
  throw new CliError(`${were} bad; the others are in.`, [
    'Mend that and send the file again: what is in already does no harm.',
  ])
}

function sourceOf({ io }: Session, file: string): { source: Readable; bytesTotal?: number } {
  if (file === '-') return { source: io.stdin }
  try {
    // Opened at once: what cannot be is told here, and nobody hears of it later.
    const fd = openSync(file, 'r')
    const at = fstatSync(fd)
    if (at.isDirectory()) throw new Error('it is a folder')
    const source = createReadStream(file, { fd })
    return at.isFile() ? { source, bytesTotal: at.size } : { source }
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
