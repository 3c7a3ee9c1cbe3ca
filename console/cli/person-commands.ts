import type { Command } from 'commander'
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
  return command
}
