import type { Command } from 'commander'
import { printJson, printLine } from './io.ts'
import { pathWith, type QueryOptions } from './print-table.ts'
import { readJson } from './read-json.ts'
import { itemsOf, part, type Session } from './session.ts'
import { wholeNumber } from './whole-number.ts'

/** Steps of a contract's life that need nothing but its id. */
const STEPS: Readonly<Record<string, string>> = {
  decline: 'says no to a draft',
  pause: 'stops a contract for now',
  resume: 'takes back one’s own pause',
  end: 'ends a contract before its date',
}

/** What moves a contract on and what tells of it: `passerelle contract sign|…|affected`, and `passerelle revoke`. */
export function addContractCommands(program: Command, contract: Command, session: Session): void {
  contract
    .command('sign <id>')
    .description('signs a contract for one side; signed by both it is active')
    .option('--side <side>', 'seller or buyer; a partner key signs for its own')
    .option('--terms <version>', 'the version that was read: others are not signed')
    .action((id: string, { side, terms }: { side?: string; terms?: string }) => {
      const body = {
        ...(side === undefined ? {} : { side }),
        ...(terms === undefined ? {} : { version: wholeNumber('--terms', terms) }),
      }
      return step(session, { id, word: 'sign', body })
    })
  for (const [word, says] of Object.entries(STEPS))
    contract
      .command(`${word} <id>`)
      .description(says)
      .action((id: string) => step(session, { id, word, body: {} }))
  for (const parent of [contract, program])
    parent
      .command('revoke <id>')
      .description('ends a contract: what it allowed is gone within a second')
      .action((id: string) => step(session, { id, word: 'revoke', body: {} }))
  addReadings(contract, session)
}

function addReadings(contract: Command, session: Session): void {
  const { io, client } = session
  contract
    .command('preview <id> [file]')
    .description('what last month would have cost under it, or under the terms in a JSON file')
    .option('--from <day>')
    .option('--to <day>')
    .action(async (id: string, file: string | undefined, days: QueryOptions) => {
      const path = pathWith(`/api/contracts/${part(id)}/preview`, days)
      const asking = file === undefined ? {} : { json: await readJson(io, file) }
      printJson(io, (await client().call('POST', path, asking)).body)
    })
  contract
    .command('versions <id>')
    .description('the versions of its terms, the newest first, one JSON a line')
    .action(async (id: string) => {
      for await (const item of itemsOf(session, `/api/contracts/${part(id)}/versions`))
        printLine(io, item)
    })
  contract
    .command('diff <id> <version>')
    .description('what the buyer gained and lost since a version of its terms')
    .action(async (id: string, version: string) => {
      const path = `/api/contracts/${part(id)}/entitlements?diff=${part(version)}`
      const { body } = await client().call('GET', path)
      printJson(io, (body as { diff: unknown }).diff)
    })
  contract
    .command('affected <id>')
    .description('segments and deals that rest on it')
    .option('--csv', 'as a table')
    .action(async (id: string, { csv }: { csv?: boolean }) => {
      const path = `/api/contracts/${part(id)}/affected${csv ? '?format=csv' : ''}`
      const { body, text } = await client().call('GET', path)
      if (csv) io.stdout.write(text)
      else printJson(io, body)
    })
}

async function step(
  session: Session,
  { id, word, body }: { id: string; word: string; body: object },
): Promise<void> {
  const path = `/api/contracts/${part(id)}/${word}`
  printJson(session.io, (await session.client().call('POST', path, { body })).body)
}
