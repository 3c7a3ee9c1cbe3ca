import type { Command } from 'commander'
import { printJson } from './io.ts'
import { readJson } from './read-json.ts'
import { part, type Session } from './session.ts'

/** `passerelle namespace keys <source> [file]`. */
export function addTokenKeysCommand(namespace: Command, session: Session): void {
  const { io } = session
  namespace
    .command('keys <source> [file]')
    .description(
      'takes the keys its UID2 or EUID tokens are opened with; without a file: how many there are',
    )
    .action(async (source: string, file: string | undefined) => {
      const path = `/api/namespaces/${part(source)}/token-keys`
      const client = session.client()
      const asked =
        file === undefined
          ? client.call('GET', path)
          : client.call('PUT', path, { json: await readJson(io, file) })
      printJson(io, (await asked).body)
    })
}
