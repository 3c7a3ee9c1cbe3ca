import type { Command } from 'commander'
import { printJson } from './io.ts'
import { pathWith, printCsv, printItems, type QueryOptions } from './print-table.ts'
import { part, type Session } from './session.ts'
import { wholeNumber } from './whole-number.ts'

/** `passerelle statement get|close|dispute|settle|adjust|reconcile <period>`. */
export function addStatementCommands(program: Command, session: Session): void {
  const statement = program.command('statement').description('what was billed in a month')
  addReadings(statement, session)
  addSteps(statement, session)
  addAdjust(statement, session)
}

function addReadings(statement: Command, session: Session): void {
  statement
    .command('get <period>')
    .description('statements of a month (2026-11) with their lines, adjustments and totals')
    .option('--partner <partner>')
    .option('--as <side>', 'seller or buyer')
    .option('--seller <partner>')
    .option('--buyer <partner>')
    .option('--csv', 'as a table')
    .action(async (period: string, { csv, ...query }: { csv?: boolean } & QueryOptions) => {
      const path = pathWith(pathOf(period), query)
      if (csv) await printCsv(session, path)
      else printJson(session.io, await wholeStatement(session, path))
    })
  statement
    .command('reconcile <period> <contract>')
    .description('our count beside what the buyer reported, one JSON a line')
    .option('--by <what>', 'segment or day')
    .option('--csv', 'as a table')
    .action(
      (period: string, contract: string, { csv, ...by }: { csv?: boolean } & QueryOptions) => {
        const path = pathWith(`${pathOf(period)}/reconciliation`, { contract, ...by })
        return printItems(session, { path, csv })
      },
    )
}

interface Statement {
  items: unknown[]
  next: string | null
}

/** All its lines on one page. */
async function wholeStatement({ client }: Session, path: string): Promise<Statement> {
  const mark = path.includes('?') ? '&' : '?'
  const page = async (more: string) =>
    (await client().call('GET', `${path}${mark}limit=1000${more}`)).body as Statement
  const whole = await page('')
  while (whole.next !== null) {
    const { items, next } = await page(`&after=${encodeURIComponent(whole.next)}`)
    whole.items.push(...items)
    whole.next = next
  }
  return whole
}

function addSteps(statement: Command, session: Session): void {
  const step = (word: string, says: string) =>
    statement
      .command(`${word} <period>`)
      .description(says)
      .option('--seller <partner>')
      .option('--buyer <partner>')
      .action((period: string, body: object) => send(session, `${pathOf(period)}/${word}`, body))
  step(
    'close',
    'freezes the lines of a month that is over; without a pair, of all statements',
  ).option('--now', 'without waiting for notices that are still on their way')
  step('dispute', 'says that a side does not agree')
    .requiredOption('--reason <text>')
    .option('--contract <id>')
  step('settle', 'it was paid, or agreed otherwise').option(
    '--settlement <text>',
    'a reference of the payment, or what was agreed',
  )
}

interface AdjustOptions {
  amountMicros: string
  units?: string
}

function addAdjust(statement: Command, session: Session): void {
  statement
    .command('adjust <period> <id>')
    .description('adds a dated line to a closed statement; the same id again adds nothing')
    .requiredOption('--contract <id>')
    .requiredOption('--amount-micros <number>', 'a credit is negative: --amount-micros=-5000000')
    .requiredOption('--currency <code>')
    .requiredOption('--reason <text>')
    .option('--units <number>')
    .option('--segment <id>')
    .option('--deal <id>')
    .action((period: string, id: string, { amountMicros, units, ...body }: AdjustOptions) =>
      send(session, `${pathOf(period)}/adjustments`, {
        id,
        ...body,
        amountMicros: wholeNumber('--amount-micros', amountMicros),
        ...(units === undefined ? {} : { units: wholeNumber('--units', units) }),
      }),
    )
}

async function send({ io, client }: Session, path: string, body: object): Promise<void> {
  printJson(io, (await client().call('POST', path, { body })).body)
}

function pathOf(period: string): string {
  return `/api/statements/${part(period)}`
}
