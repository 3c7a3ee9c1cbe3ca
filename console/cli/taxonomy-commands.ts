import type { Command } from 'commander'
import { printJson, printLine } from './io.ts'
import { pathWith } from './print-table.ts'
import { readText } from './read-json.ts'
import { itemsOf, part, type Session } from './session.ts'

interface ImportOptions {
  name?: string
  edition?: string
  dryRun?: boolean
  confirm?: boolean
}

interface Findings {
  name: string
  nodes: number
  parentDisagrees: { count: number; rows: { line: number; id: string; says: string; is: string }[] }
  withoutRow: { count: number; paths: string[] }
  twins: { count: number; rows: { line: number; id: string; like: string }[] }
}

const PATH = '/api/taxonomies'

/** `passerelle taxonomy list|get|nodes|import|delete`. */
export function addTaxonomyCommands(program: Command, session: Session): void {
  const { io, client } = session
  const command = program.command('taxonomy').description('trees of what segments may stand for')
  command
    .command('list')
    .description('the taxonomies that were imported, one JSON a line')
    .action(async () => {
      for await (const item of itemsOf(session, PATH)) printLine(io, item)
    })
  command
    .command('get <segtax>')
    .description('one taxonomy as JSON, and what was found in its file')
    .action(async (segtax: string) =>
      printJson(io, (await client().call('GET', `${PATH}/${part(segtax)}`)).body),
    )
  command
    .command('nodes <segtax>')
    .description('its nodes, one JSON a line')
    .option('--find <text>', 'a text in the names of the path')
    .option('--under <id>', 'only those below this node')
    .action(async (segtax: string, query: { find?: string; under?: string }) => {
      const path = pathWith(`${PATH}/${part(segtax)}/nodes`, { ...query })
      for await (const node of itemsOf(session, path)) printLine(io, node)
    })
  command
    .command('import <segtax> <file>')
    .description('imports the file as the IAB Tech Lab publishes it (4: Audience Taxonomy 1.1)')
    .option('--name <text>', 'what it is called; needed where AdCOM does not list the segtax')
    .option('--edition <text>', 'which edition of it')
    .option('--dry-run', 'only says what is in the file')
    .option('--confirm', 'segments may lose the node they stand for')
    .action((segtax: string, file: string, options: ImportOptions) =>
      importFile(session, { segtax, file, options }),
    )
  command
    .command('delete <segtax>')
    .description('deletes a taxonomy that no segment stands for a node of')
    .action(async (segtax: string) => {
      await client().call('DELETE', `${PATH}/${part(segtax)}`)
    })
}

async function importFile(
  { io, client }: Session,
  { segtax, file, options }: { segtax: string; file: string; options: ImportOptions },
): Promise<void> {
  const { dryRun, confirm, ...named } = options
  const path = pathWith(`${PATH}/${part(segtax)}`, {
    ...named,
    ...(dryRun ? { dryRun: 'true' } : {}),
    ...(confirm ? { confirm: 'true' } : {}),
  })
  const headers = { 'content-type': 'text/tab-separated-values' }
  const { body } = await client().call('PUT', path, { json: await readText(io, file), headers })
  for (const line of linesOf(body as Findings)) io.stdout.write(`${line}\n`)
}

function* linesOf({ name, nodes, parentDisagrees, withoutRow, twins }: Findings): Iterable<string> {
  yield `${name}: ${nodes} nodes`
  yield `parents that disagree with the tiers, which hold: ${parentDisagrees.count}`
  for (const { line, id, says, is } of parentDisagrees.rows)
    yield `  line ${line}: ${id} says ${says || 'none'}, stands under ${is ?? 'none with an id'}`
  if (withoutRow.count > 0) yield `nodes without a row of their own: ${withoutRow.count}`
  for (const path of withoutRow.paths) yield `  ${path}`
  if (twins.count > 0) yield `rows that stand where another does: ${twins.count}`
  for (const { line, id, like } of twins.rows)
    yield `  line ${line}: ${id} stands where ${like} does`
}
