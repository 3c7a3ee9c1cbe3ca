import type { Command } from 'commander'
import { printJson } from './io.ts'
import { part, type Session } from './session.ts'

interface DocumentOptions {
  lang: string
  format: string
}

/** `passerelle data-protection processing|recipients|transfers`. */
export function addDataProtectionCommand(program: Command, { io, client }: Session): void {
  program
    .command('data-protection <document>')
    .description('processing, recipients or transfers, as a document made from contracts')
    .option('--lang <language>', 'en or fr', 'en')
    .option('--format <format>', 'md, csv or json', 'md')
    .action(async (document: string, { lang, format }: DocumentOptions) => {
      const query = new URLSearchParams({ lang, format })
      const path = `/api/data-protection/${part(document)}?${query}`
      const { body, text } = await client().call('GET', path)
      if (body === undefined) io.stdout.write(text)
      else printJson(io, body)
    })
}
