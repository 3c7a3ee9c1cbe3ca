import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import { printJson } from './io.ts'
import { part, type Session } from './session.ts'

interface Label {
  segment: string
  state: string
  missing: { field: string; says: string }[]
  stale: { reason: string; says: string }[]
}

const pathOf = (id: string) => `/api/segments/${part(id)}/label`

/** `passerelle segment label|sign-label`. */
export function addLabelCommands(segment: Command, { io, client }: Session): void {
  segment
    .command('label <ids...>')
    .description('data labels as JSON; what they lack, and why they are stale, goes to stderr')
    .option('--csv', 'one table, under the field names of the Data Transparency Standard')
    .action(async (ids: string[], { csv }: { csv?: boolean }) => {
      for (const [i, id] of ids.entries()) {
        const { body } = await client().call('GET', pathOf(id))
        if (csv) {
          const { text } = await client().call('GET', `${pathOf(id)}?format=csv`)
          io.stdout.write(i === 0 ? text : text.slice(text.indexOf('\n') + 1))
        } else printJson(io, body)
        for (const line of faultsOf(body as Label)) io.stderr.write(`${line}\n`)
      }
    })
  segment
    .command('sign-label <id>')
    .description('the owner stands by the label; a change of the segment makes it stale')
    .action(async (id: string) => {
      const { body } = await client().call('POST', `${pathOf(id)}/sign`)
      const { state, stale } = body as Label
      io.stdout.write(`${state}\n`)
      if (stale.length > 0)
        throw new CliError(`${id} is signed, and stale`, [...faultsOf(body as Label)])
    })
}

function* faultsOf({ segment, missing, stale }: Label): Iterable<string> {
  for (const { reason, says } of stale) yield `${segment}: stale: ${reason}: ${says}`
  for (const { field, says } of missing) yield `${segment}: ${field}: ${says}`
}
