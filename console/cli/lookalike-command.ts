import type { Command } from 'commander'
import { printJson } from './io.ts'
import { part, type Session } from './session.ts'

/** `passerelle segment lookalike <id>`: how a look-alike came out. */
export function addLookalikeCommand(segment: Command, { io, client }: Session): void {
  segment
    .command('lookalike <id>')
    .description('the model of a look-alike: hold-out AUC, weights, curve; and how far it is')
    .option('--run', 'makes it anew')
    .action(async (id: string, { run }: { run?: boolean }) => {
      const method = run ? 'POST' : 'GET'
      const path = `/api/segments/${part(id)}/lookalike`
      printJson(io, (await client().call(method, path)).body)
    })
}
