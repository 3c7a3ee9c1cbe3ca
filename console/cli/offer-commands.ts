import type { Command } from 'commander'
import { printJson } from './io.ts'
import { readJson } from './read-json.ts'
import { part, type Session } from './session.ts'

/** `passerelle offer close|request`. */
export function addOfferCommands(offer: Command, { io, client }: Session): void {
  offer
    .command('close <id>')
    .description('ends an offer: nobody can ask for a contract any more')
    .action(async (id: string) => {
      const path = `/api/offers/${part(id)}/close`
      printJson(io, (await client().call('POST', path, { body: {} })).body)
    })
  offer
    .command('request <id> <file>')
    .description('drafts a contract from an offer, from a JSON file; - reads stdin')
    .action(async (id: string, file: string) => {
      const json = await readJson(io, file)
      const path = `/api/offers/${part(id)}/request`
      printJson(io, (await client().call('POST', path, { json })).body)
    })
}
