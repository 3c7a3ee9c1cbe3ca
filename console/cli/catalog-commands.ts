import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import type { FilesDiff } from '../../audience/store/diff-files.ts'
import { readCatalogDir, writeCatalogDir } from './catalog-dir.ts'
import { CliError } from './cli-error.ts'
import type { Session } from './session.ts'

interface ApplyOptions {
  dryRun?: boolean
  prune?: boolean
  yes?: boolean
}

type Answer = FilesDiff & { applied: boolean; left: string[] }

/** `passerelle catalog export|apply <dir>`: the catalog as JSON files that fit in git. */
export function addCatalogCommands(program: Command, session: Session): void {
  const command = program.command('catalog').description('the whole catalog as JSON files')
  command
    .command('export <dir>')
    .description('writes the catalog into a folder, a file for each object')
    .action((dir: string) => exportTo(session, dir))
  command
    .command('apply <dir>')
    .description('shows what the files change, asks, and makes it so in one write')
    .option('--dry-run', 'only shows it')
    .option('--prune', 'deletes what is not among the files')
    .option('--yes', 'does not ask')
    .action((dir: string, options: ApplyOptions) => applyFrom(session, dir, options))
}

async function exportTo({ io, client }: Session, dir: string): Promise<void> {
  const { files } = (await client().call('GET', '/api/catalog')).body as {
    files: Record<string, object>
  }
  const { written, removed } = writeCatalogDir(dir, files)
  const total = Object.keys(files).length
  io.stdout.write(`${total} files in ${dir}: ${written} written, ${removed} removed\n`)
}

async function applyFrom(session: Session, dir: string, options: ApplyOptions): Promise<void> {
  const { io, client } = session
  const json = readCatalogDir(dir)
  const prune = options.prune ? '&prune=true' : ''
  const compared = await client().call('PUT', `/api/catalog?dryRun=true${prune}`, { json })
  const answer = compared.body as Answer
  io.stdout.write(linesOf(answer))
  if (changesOf(answer) === 0 || options.dryRun) return
  if (!options.yes) await askFirst(session, changesOf(answer))
  const headers = { 'if-match': compared.etag ?? '' }
  await client().call('PUT', `/api/catalog?dryRun=false${prune}`, { json, headers })
  io.stdout.write('applied\n')
}

function changesOf({ created, changed, deleted }: FilesDiff): number {
  return created.length + changed.length + deleted.length
}

function linesOf({ created, changed, deleted, unchanged, left }: Answer): string {
  const lines = [
    ...created.map((path) => `+ ${path}`),
    ...changed.flatMap(({ path, fields }) => [
      `~ ${path}`,
      ...fields.map(({ field, before, after }) => `    ${field}: ${text(before)} → ${text(after)}`),
    ]),
    ...deleted.map((path) => `- ${path}`),
    ...left.map((path) => `  ${path} is not among the files, and stays`),
    `${created.length} new, ${changed.length} changed, ${deleted.length} deleted, ${unchanged} as they are`,
  ]
  return `${lines.join('\n')}\n`
}

function text(value: unknown): string {
  return value === undefined ? '(none)' : JSON.stringify(value)
}

async function askFirst({ io }: Session, changes: number): Promise<void> {
  if (!io.stderr.isTTY)
    throw new CliError('nothing was changed', ['Say --yes to apply it without being asked.'])
  const terminal = createInterface({ input: io.stdin, output: io.stderr })
  const said = await terminal.question(`Apply these ${changes} changes? [y/N] `)
  terminal.close()
  if (!/^y(es)?$/i.test(said.trim())) throw new CliError('nothing was changed')
}
