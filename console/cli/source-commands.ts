import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import { printJson, printLine } from './io.ts'
import { itemsOf, part, type Session } from './session.ts'

/** `passerelle source schema|quarantine|gtm-template <source>`. */
export function addSourceCommands(source: Command, session: Session): void {
  const { io } = session
  source
    .command('schema <source>')
    .description('events and properties its messages hold, and whether they are planned')
    .action(async (id: string) => {
      const { body } = await session.client().call('GET', `${pathOf(id)}/schema`)
      printJson(io, body)
    })
  source
    .command('gtm-template <source>')
    .description('the tag as a custom template for Google Tag Manager: save it as a .tpl')
    .action(async (id: string) => {
      const path = `${pathOf(id)}/gtm-template?format=tpl`
      io.stdout.write((await session.client().call('GET', path)).text)
    })
  addQuarantineCommands(source, session)
}

function addQuarantineCommands(source: Command, session: Session): void {
  const { io } = session
  const command = source
    .command('quarantine')
    .description('messages that a tracking plan holds back')
  command
    .command('list <source>')
    .description('what is wrong with each, one JSON a line')
    .action(async (id: string) => {
      for await (const one of itemsOf(session, `${pathOf(id)}/quarantine`)) printLine(io, one)
    })
  const verbs = {
    replay: 'asks the plan of now again: those that are as planned count',
    discard: 'takes them away for good',
  }
  for (const [verb, says] of Object.entries(verbs))
    command
      .command(`${verb} <source> [ids...]`)
      .description(says)
      .option('--all', 'all of them')
      .action(async (id: string, ids: string[], { all }: { all?: boolean }) => {
        if (ids.length > 0 === Boolean(all)) throw new CliError('name ids, or --all')
        const asking = { body: all ? { all } : { ids } }
        const path = `${pathOf(id)}/quarantine/${verb}`
        printJson(io, (await session.client().call('POST', path, asking)).body)
      })
}

function pathOf(source: string): string {
  return `/api/sources/${part(source)}`
}
