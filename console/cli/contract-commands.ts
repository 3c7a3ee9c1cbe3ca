import type { Command } from 'commander'
import { printJson } from './io.ts'
import { part, type Session } from './session.ts'

/** What moves a contract on: `passerelle contract sign|pause|revoke`, and `passerelle revoke`. */
export function addContractCommands(program: Command, contract: Command, session: Session): void {
  contract
    .command('sign <id>')
    .description('signs a contract for one side; signed by both it is active')
    .option('--side <side>', 'seller or buyer; a partner key signs for its own')
    .action((id: string, { side }: { side?: string }) =>
      step(session, { id, word: 'sign', body: side === undefined ? {} : { side } }),
    )
  contract
    .command('pause <id>')
    .description('stops a contract for now')
    .action((id: string) => step(session, { id, word: 'pause', body: {} }))
  for (const parent of [contract, program])
    parent
      .command('revoke <id>')
      .description('ends a contract: what it allowed is gone within a second')
      .action((id: string) => step(session, { id, word: 'revoke', body: {} }))
}

async function step(
  session: Session,
  { id, word, body }: { id: string; word: string; body: object },
): Promise<void> {
  const path = `/api/contracts/${part(id)}/${word}`
  printJson(session.io, (await session.client().call('POST', path, { body })).body)
}
