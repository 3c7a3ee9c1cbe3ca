import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { StreamPosition } from '../../audience/store/store.ts'
import { ChainDamages } from '../../exchange/ledger/reasons.ts'
import type { StreamState } from '../../exchange/ledger/ship-ledger.ts'
import { type ChainReport, verifyChain } from '../../exchange/ledger/verify-chain.ts'
import { verifyLedger } from '../../exchange/ledger/verify-ledger.ts'
import { AUDIT_FILE, AUDIT_STREAM } from '../audit/audit-log.ts'
import { CliError } from './cli-error.ts'
import type { Command } from './commander.ts'
import { dataDirOf } from './connection.ts'
import { type Io, printJson } from './io.ts'
import { itemsOf, type Session } from './session.ts'

/** `passerelle ledger verify|rebuild` and `passerelle audit verify`: are the chained files what was written? */
export function addVerifyCommands(program: Command, audit: Command, session: Session): void {
  const ledger = program.command('ledger').description('the records that usage is billed from')
  ledger
    .command('verify [dir]')
    .description('checks every record in a data directory (PASSERELLE_DATA), running or not')
    .action((dir: string | undefined) => verifyUsage(session, dir ?? dataDirOf(session.io.env)))
  ledger
    .command('rebuild')
    .description('forgets every counter of usage, and counts the ledger anew')
    .option('--confirm', 'also where old usage, no longer in the ledger, is lost by it')
    .action(async ({ confirm = false }: { confirm?: boolean }) => {
      const path = `/api/ledger/rebuild${confirm ? '?confirm=true' : ''}`
      printJson(session.io, (await session.client().call('POST', path)).body)
    })
  audit
    .command('verify [dir]')
    .description('checks every entry of the audit log in a data directory (PASSERELLE_DATA)')
    .action((dir: string | undefined) => verifyAudit(session, dir ?? dataDirOf(session.io.env)))
}

async function verifyUsage(session: Session, dataDir: string): Promise<void> {
  const { io } = session
  const dir = existsSync(join(dataDir, 'ledger')) ? join(dataDir, 'ledger') : dataDir
  const counted = await countedPositions(session)
  let [streams, records, damaged] = [0, 0, 0]
  for await (const report of verifyLedger(dir, counted)) {
    streams++
    records += report.records
    if (report.damage) damaged++
    say(io, report.stream, report)
  }
  io.stdout.write(`ledger: ${streams} streams, ${records} records, ${damaged} damaged\n`)
  if (damaged > 0)
    throw new CliError('the ledger is damaged', [
      'Put the files named above back from a backup; what stands behind the damage is not counted until then.',
    ])
}

async function verifyAudit(session: Session, dataDir: string): Promise<void> {
  const { io } = session
  const path = join(dataDir, AUDIT_FILE)
  const held = await auditEnd(session)
  const report = await verifyChain({ path, stream: AUDIT_STREAM, held, mayBeginLater: true })
  say(io, AUDIT_FILE, report)
  const { before, records, chain } = report
  if (before > 0)
    io.stdout.write(
      `audit: ${before} entries from before there was a chain, as they were when it began\n`,
    )
  io.stdout.write(`audit: ${records} entries, the last with hash ${chain}\n`)
  if (report.damage)
    throw new CliError('the audit log is damaged', [
      'Compare it with a backup from the entry named above on.',
    ])
}

function say({ stdout }: Io, name: string, { damage, cutBytes }: ChainReport): void {
  if (damage)
    stdout.write(
      `${name}: record ${damage.seq}: ${damage.damage}: ${ChainDamages[damage.damage]}\n`,
    )
  if (cutBytes > 0)
    stdout.write(`${name}: ends with ${cutBytes} bytes that nobody was told are kept: no damage\n`)
}

/** How far the store has counted each stream; nothing where the desk is out of reach, which is said. */
async function countedPositions(session: Session): Promise<Map<string, StreamPosition>> {
  const positions = new Map<string, StreamPosition>()
  await withDesk(session, async () => {
    for await (const item of itemsOf(session, '/api/ledger')) {
      const { stream, applied, chain } = item as StreamState
      positions.set(stream, { seq: applied, digest: chain })
    }
  })
  return positions
}

async function auditEnd(session: Session): Promise<StreamPosition | undefined> {
  let end: StreamPosition | undefined
  await withDesk(session, async () => {
    const { body } = await session.client().call('GET', '/api/ledger?limit=1')
    const { records, chain } = (body as { audit: { records: number; chain: string } }).audit
    end = { seq: records, digest: chain }
  })
  return end
}

async function withDesk({ io }: Session, ask: () => Promise<void>): Promise<void> {
  try {
    await ask()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    io.stderr.write(`not compared with a running desk: ${why}\n`)
  }
}
