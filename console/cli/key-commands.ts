import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { printJson, printLine } from './io.ts'
import { itemsOf, part, type Session } from './session.ts'

interface CreateOptions {
  scope?: string[]
  trace?: boolean
  exchange?: string
  origin?: string[]
  bidder?: string[]
}

/** `passerelle key create|list|delete <partner>`. */
export function addKeyCommands(program: Command, session: Session): void {
  const { io } = session
  const command = program.command('key').description('keys of partners')
  command
    .command('create <partner>')
    .description('makes a key and shows it, this once')
    .option('--scope <scopes...>', 'bid, data, desk, wire:<name>; default bid and data')
    .option('--trace', 'its holder may ask for traces')
    .option('--exchange <partner>', 'where its requests come from')
    .option('--origin <origins...>', 'with scope wire:prebid: whose pages may ask with it')
    .option('--bidder <codes...>', 'with scope wire:prebid: bidders that get what is given')
    .action(async (partner: string, { scope, origin, bidder, ...options }: CreateOptions) => {
      const page = { ...(origin && { origins: origin }), ...(bidder && { bidders: bidder }) }
      const isPage = Object.keys(page).length > 0
      const body = { ...(scope && { scopes: scope }), ...options, ...(isPage && { page }) }
      // Should the answer get lost on the way, sending it again makes no second key.
      const asking = { body, headers: { 'idempotency-key': randomUUID() } }
      printJson(io, (await session.client().call('POST', keysOf(partner), asking)).body)
    })
  command
    .command('list <partner>')
    .description('ids and scopes of its keys, one JSON a line')
    .action(async (partner: string) => {
      for await (const key of itemsOf(session, keysOf(partner))) printLine(io, key)
    })
  command
    .command('delete <partner> <key-id>')
    .description('revokes a key: nobody honours it any more within a second')
    .action(async (partner: string, id: string) => {
      await session.client().call('DELETE', `${keysOf(partner)}/${part(id)}`)
    })
}

/** `passerelle source key create|list|delete <source>`. */
export function addSourceKeyCommands(source: Command, session: Session): void {
  const { io } = session
  const command = source.command('key').description('write keys of sources')
  const keys = (id: string) => `/api/sources/${part(id)}/keys`
  command
    .command('create <source>')
    .description('makes a write key and shows it, this once')
    .action(async (id: string) => {
      const asking = { body: {}, headers: { 'idempotency-key': randomUUID() } }
      printJson(io, (await session.client().call('POST', keys(id), asking)).body)
    })
  command
    .command('list <source>')
    .description('ids of its write keys, one JSON a line')
    .action(async (id: string) => {
      for await (const key of itemsOf(session, keys(id))) printLine(io, key)
    })
  command
    .command('delete <source> <key-id>')
    .description('revokes a write key: nothing is collected under it any more')
    .action(async (id: string, key: string) => {
      await session.client().call('DELETE', `${keys(id)}/${part(key)}`)
    })
}

function keysOf(partner: string): string {
  return `/api/partners/${part(partner)}/keys`
}
