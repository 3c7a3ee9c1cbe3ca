import type { Command } from 'commander'
import { printJson } from './io.ts'
import type { Session } from './session.ts'

/** `passerelle vault status|rotate`. */
export function addVaultCommands(program: Command, session: Session): void {
  const vault = program.command('vault').description('what can be read again of people, sealed')
  vault
    .command('status')
    .description('which keys it has and needs, and how far their rotation is')
    .action(async () =>
      printJson(session.io, (await session.client().call('GET', '/api/vault')).body),
    )
  vault
    .command('rotate')
    .description('brings every value under the current key; a key with no values left may go')
    .action(async () =>
      printJson(session.io, (await session.client().call('POST', '/api/vault/rotate')).body),
    )
}
