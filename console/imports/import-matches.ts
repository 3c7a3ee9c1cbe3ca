import type { LinkOutcome } from '../../audience/people/link.ts'
import { LinkRefusals } from '../../audience/people/reasons.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { importBody } from './import-body.ts'
import { type ImportRooms, importReply, keysOf, namesFor, noted } from './import-rooms.ts'
import { ImportRun } from './import-run.ts'
import { MatchesQuery, Report } from './import-shapes.ts'
import { type MatchChange, MatchShape, readMatch } from './match-lines.ts'

/** `POST /api/matches`. */
export function matchesRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/matches',
    operationId: 'importMatches',
    summary: 'Says of pairs of ids that they are the same person, or takes it back; a line each.',
    permission: 'side',
    query: MatchesQuery,
    body: { kind: 'ndjson', name: 'MatchLine', schema: MatchShape },
    answers: { 200: { says: 'What became of the lines.', body: Report } },
    handle: async (call) =>
      importReply(await rooms.slots.run(undefined, () => importMatches(rooms, call))),
  }
}

async function importMatches(rooms: ImportRooms, call: Call) {
  keysOf(rooms)
  const reading = { names: namesFor(rooms, call), caller: call.caller, nowMs: rooms.clock.now() }
  const run = new ImportRun<MatchChange>({
    read: (line) => readMatch(line, reading),
    write: (batch) => writeMatches(rooms, batch),
  })
  const source = importBody(call)
  const what = { verb: 'importMatches', object: 'matches', details: call.query }
  return noted(rooms, call, { run, what, work: () => run.run(source) })
}

/** Runs of the same kind are written together, in the order of the lines. */
async function writeMatches(
  rooms: ImportRooms,
  batch: readonly MatchChange[],
): Promise<(string | undefined)[]> {
  const refusals: (string | undefined)[] = []
  for (let from = 0; from < batch.length; ) {
    const { what } = batch[from]!
    const end = batch.findIndex((change, i) => i > from && change.what !== what)
    const part = batch.slice(from, end < 0 ? undefined : end)
    refusals.push(...(await writePart(rooms, what, part)))
    from += part.length
  }
  return refusals
}

async function writePart(
  { audience }: ImportRooms,
  what: MatchChange['what'],
  part: readonly MatchChange[],
): Promise<(string | undefined)[]> {
  const edges = part.map(({ edge }) => edge)
  if (what === 'link') return (await audience.link(edges)).map(refusalOf)
  if (what === 'unlink') await audience.unlink(edges)
  return edges.map(() => undefined)
}

function refusalOf(outcome: LinkOutcome): string | undefined {
  return outcome.ok ? undefined : LinkRefusals[outcome.reason]
}
