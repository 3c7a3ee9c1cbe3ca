import type { ApiRoute, Call } from '../api/route.ts'
import { BULK_TYPE, isBulk } from './bulk-type.ts'
import { importBody } from './import-body.ts'
import { importBulk } from './import-bulk.ts'
import { type ImportRooms, importReply, keysOf, namesFor, noted } from './import-rooms.ts'
import { ImportRun } from './import-run.ts'
import { MatchesQuery, Report } from './import-shapes.ts'
import { linesOf } from './line-splitter.ts'
import { type MatchChange, MatchShape, readMatch } from './match-lines.ts'
import { MatchWriter } from './match-writer.ts'

/** `POST /api/matches`: lines of JSON, or the bulk protobuf. */
export function matchesRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/matches',
    operationId: 'importMatches',
    summary:
      'Says of pairs of ids that they are the same person, or takes it back; a line each, or in bulk (proto/bulk-matches.proto).',
    permission: 'side',
    query: MatchesQuery,
    body: { kind: 'ndjson', name: 'MatchLine', schema: MatchShape, alsoAs: [BULK_TYPE] },
    answers: {
      200: {
        says: 'What became of the lines; of a bulk upload in kind, unless JSON is asked for.',
        body: Report,
        alsoAs: [BULK_TYPE],
      },
    },
    handle: (call) =>
      rooms.slots.run(undefined, async () =>
        isBulk(call) ? importBulk(rooms, call) : importReply(await importMatches(rooms, call)),
      ),
  }
}

async function importMatches(rooms: ImportRooms, call: Call) {
  keysOf(rooms)
  const names = namesFor(rooms, call)
  const reading = { names, caller: call.caller, nowMs: rooms.clock.now() }
  const writer = new MatchWriter(rooms, names, call.caller.partnerNumber)
  const run = new ImportRun<MatchChange>({
    read: (line) => readMatch(line, reading),
    write: (batch) => writer.write(batch),
  })
  const source = importBody(call)
  const what = { verb: 'importMatches', object: 'matches', details: call.query }
  return noted(rooms, call, { run, what, work: () => run.run(linesOf(source)) })
}
