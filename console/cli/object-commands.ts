import type { Command } from 'commander'
import { printJson, printLine } from './io.ts'
import { readJson } from './read-json.ts'
import { itemsOf, part, type Session } from './session.ts'

/** One kind of object, as the command line names it and the API does. */
export interface ObjectNoun {
  noun: string
  /** `/api/partners` */
  path: string
  /** A word on what it is, for the help. */
  says: string
  isDeletable: boolean
}

export const OBJECT_NOUNS: readonly ObjectNoun[] = [
  {
    noun: 'partner',
    path: '/api/partners',
    says: 'companies that buy, sell or carry',
    isDeletable: true,
  },
  {
    noun: 'segment',
    path: '/api/segments',
    says: 'groups of people, each with its owner',
    isDeletable: true,
  },
  {
    noun: 'source',
    path: '/api/sources',
    says: 'where events come from',
    isDeletable: true,
  },
  {
    noun: 'trait',
    path: '/api/traits',
    says: 'what an event shows of a person',
    isDeletable: true,
  },
  {
    noun: 'trackingplan',
    path: '/api/trackingplans',
    says: 'what the events of sources should hold',
    isDeletable: true,
  },
  {
    noun: 'campaign',
    path: '/api/campaigns',
    says: 'what was done, what it cost, and by which traits it is counted',
    isDeletable: true,
  },
  {
    noun: 'offer',
    path: '/api/offers',
    says: 'what a seller would sell, to whom, at what price',
    isDeletable: true,
  },
  {
    noun: 'contract',
    path: '/api/contracts',
    says: 'what a buyer may have of a seller',
    isDeletable: false,
  },
  { noun: 'deal', path: '/api/deals', says: 'deals that an exchange honours', isDeletable: true },
  {
    noun: 'namespace',
    path: '/api/namespaces',
    says: 'whose ids are whose',
    isDeletable: false,
  },
]

/** `passerelle <noun> list|get|put|delete`; returns the noun's command, for more of its own. */
export function addObjectCommands(
  program: Command,
  session: Session,
  { noun, path, says, isDeletable }: ObjectNoun,
): Command {
  const { io } = session
  const command = program.command(noun).description(says)
  command
    .command('list')
    .description(`all ${noun}s, one JSON a line`)
    .action(async () => {
      for await (const item of itemsOf(session, path)) printLine(io, item)
    })
  command
    .command('get <id>')
    .description(`one ${noun} as JSON; its etag goes to stderr`)
    .action(async (id: string) => {
      const { body, etag } = await session.client().call('GET', `${path}/${part(id)}`)
      printJson(io, body)
      io.stderr.write(`etag ${etag}\n`)
    })
  command
    .command('put <id> <file>')
    .description(`makes or replaces a ${noun} from a JSON file; - reads stdin`)
    .option('--if-match <etag>', 'only if it still is what was read')
    .action(async (id: string, file: string, options: { ifMatch?: string }) => {
      const json = await readJson(io, file)
      const asking = { json, headers: ifMatch(options) }
      printJson(io, (await session.client().call('PUT', `${path}/${part(id)}`, asking)).body)
    })
  if (isDeletable) addDelete(command, session, { noun, path })
  return command
}

function addDelete(
  command: Command,
  session: Session,
  { noun, path }: Pick<ObjectNoun, 'noun' | 'path'>,
): void {
  command
    .command('delete <id>')
    .description(`deletes a ${noun} that nothing rests on`)
    .option('--if-match <etag>', 'only if it still is what was read')
    .action(async (id: string, options: { ifMatch?: string }) => {
      const headers = ifMatch(options)
      await session.client().call('DELETE', `${path}/${part(id)}`, { headers })
    })
}

function ifMatch(options: { ifMatch?: string }): Record<string, string> {
  return options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }
}
