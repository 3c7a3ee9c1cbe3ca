import type { Command } from 'commander'
import { printJson } from './io.ts'
import { pathWith, type QueryOptions } from './print-table.ts'
import type { Session } from './session.ts'

/** `passerelle reach`, `kpis` and `funnel`: how many people there are, in what, and how far they reach and come. */
export function addReachCommands(program: Command, session: Session): void {
  program
    .command('reach [segments...]')
    .description('people in segments, in every two of them, and how far they reach partners')
    .option('--any <segments>', 'an audience: people in one of these, comma between')
    .option('--all <segments>', '… in every one of these')
    .option('--none <segments>', '… and in none of these')
    .option('--partner <partners>', 'how many each of these knows, was given, has seen and won')
    .action((segments: string[], query: QueryOptions) => {
      const listed = segments.length > 0 ? { segments: segments.join() } : {}
      return print(session, pathWith('/api/reach', { ...listed, ...query }))
    })
  program
    .command('kpis')
    .description('KPIs, each as its numerator of its denominator')
    .option('--clients <segment>', 'the segment of customers who have a customer area')
    .option('--offline <segment>', 'the segment of customers who are known offline')
    .option('--segment <segment>', 'whose match rates; by default of everybody')
    .option('--campaign <campaign>', 'those of one campaign, and no others')
    .option('--source <source>', 'whose visits; by default of all pages and apps')
    .option('--days <number>', 'length of the period that ends today; 30 by default')
    .action((query: QueryOptions) => print(session, pathWith('/api/kpis', query)))
  program
    .command('funnel <traits...>')
    .description('people who showed these traits one after the other')
    .option('--within <duration>', 'how long after the one before each has to follow: 24H, 7D, 30M')
    .option('--days <number>', 'length of the period that ends today; 30 by default')
    .action((traits: string[], query: QueryOptions) =>
      print(session, pathWith('/api/funnels', { steps: traits.join(), ...query })),
    )
}

async function print({ client, io }: Session, path: string): Promise<void> {
  const { body } = await client().call('GET', path)
  printJson(io, body)
}
