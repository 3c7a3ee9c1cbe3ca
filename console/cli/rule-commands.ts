import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import { printJson } from './io.ts'
import { openShare } from './progress.ts'
import { readText } from './read-json.ts'
import { part, type Session } from './session.ts'

const LOOK_EVERY_MS = 500

interface EstimateOptions {
  owner?: string
  rule?: string
  ttlDays?: string
}

interface Backfill {
  state: string
  says: string
  reason?: string
  asked: number
  total: number | null
  matched: number
  share: number
  secondsLeft: number | null
}

/** `passerelle segment estimate|backfill`. */
export function addRuleCommands(segment: Command, session: Session): void {
  segment
    .command('estimate [id]')
    .description('how many people a rule would hold for: of a segment, or of a rule tried out')
    .option('--owner <partner>', 'whose rule it would be')
    .option('--rule <text>', 'the rule as text; @file reads it from there, @- from stdin')
    .option('--ttl-days <days>', 'for how long after the last event it would hold')
    .action((id: string | undefined, options: EstimateOptions) => estimate(session, id, options))
  segment
    .command('backfill <id>')
    .description('how far the filling of a segment by its rule is')
    .option('--pause', 'stops it where it is')
    .option('--resume', 'goes on with it')
    .option('--watch', 'shows how it goes on until it is done')
    .action((id: string, options: BackfillOptions) => backfill(session, id, options))
}

async function estimate(
  { io, client }: Session,
  segment: string | undefined,
  { owner, rule, ttlDays }: EstimateOptions,
): Promise<void> {
  const text = rule?.startsWith('@') ? (await readText(io, rule.slice(1))).trim() : rule
  const json = {
    ...(segment === undefined ? {} : { segment }),
    ...(owner === undefined ? {} : { owner }),
    ...(text === undefined ? {} : { rule: text }),
    ...(ttlDays === undefined ? {} : { ttlDays: Number(ttlDays) }),
  }
  printJson(io, (await client().call('POST', '/api/segments/estimate', { body: json })).body)
}

interface BackfillOptions {
  pause?: boolean
  resume?: boolean
  watch?: boolean
}

async function backfill(session: Session, id: string, options: BackfillOptions): Promise<void> {
  const { io, client } = session
  const path = `/api/segments/${part(id)}/backfill`
  if (options.pause && options.resume) throw new CliError('--pause or --resume, not both')
  if (options.pause) await client().call('POST', `${path}/pause`)
  if (options.resume) await client().call('POST', `${path}/resume`)
  if (options.watch) await watch(session, path)
  const { body } = await client().call('GET', path)
  printJson(io, body)
  const { state, reason } = body as Backfill
  if (state === 'failed') throw new CliError(`${id} is not filled: ${reason}`)
}

async function watch({ io, client }: Session, path: string): Promise<void> {
  const progress = openShare(io)
  try {
    for (;;) {
      const now = (await client().call('GET', path)).body as Backfill
      progress.update(now.share, wordsOf(now))
      if (now.state !== 'running' && now.state !== 'queued') return
      await wait(LOOK_EVERY_MS)
    }
  } finally {
    progress.stop()
  }
}

/** `running: 12000 of about 96000 people asked, 310 in it, 40 s left`. */
function wordsOf({ state, asked, total, matched, secondsLeft }: Backfill): string {
  const of = total === null ? '' : ` of about ${total}`
  const left = secondsLeft === null ? '' : `, ${secondsLeft} s left`
  return `${state}: ${asked}${of} people asked, ${matched} in it${left}`
}
