import { refuse } from '../../audience/refusal.ts'
import { type BulkMatches, readBulkMatches } from '../../proto/bulk-matches.ts'
import type { Call, Reply } from '../api/route.ts'
import { LIMITS } from '../limits.ts'
import { Denied, LineFaults } from '../reasons.ts'
import { bulkAnswer } from './bulk-answer.ts'
import { type NumberedOperation, readOperation } from './bulk-operations.ts'
import { BULK_TYPE } from './bulk-type.ts'
import { inflatedBody } from './import-body.ts'
import { type ImportRooms, importReply, keysOf, namesFor, noted } from './import-rooms.ts'
import { ImportRun } from './import-run.ts'
import type { MatchChange } from './match-lines.ts'
import { MatchWriter } from './match-writer.ts'

/**
 * `POST /api/matches` with a bulk upload (proto/bulk-matches.proto), under the rules of lines. Answered in kind, or as
 * JSON where that is asked for. Refuses (`invalid`, `too_large`) what is no such message, and then does nothing of it.
 */
export async function importBulk(rooms: ImportRooms, call: Call): Promise<Reply> {
  keysOf(rooms)
  const request = requestIn(await wholeBody(call))
  const names = namesFor(rooms, call)
  const { caller } = call
  const nowMs = rooms.clock.now()
  const reading = { names, caller, nowMs, ownSource: caller.actor.partner }
  const writer = new MatchWriter(rooms, names, caller.partnerNumber)
  const run = new ImportRun<MatchChange, NumberedOperation>({
    read: ({ operation }) => (request.hasConsent ? readOperation(operation, reading) : NO_CONSENT),
    write: (batch) => writer.write(batch),
  })
  const details = { ...call.query, bulk: true }
  const what = { verb: 'importMatches', object: 'matches', details }
  const imported = await noted(rooms, call, { run, what, work: () => run.run(inParts(request)) })
  const reply = importReply(imported)
  if (call.headers.accept.includes('application/json')) return reply
  const { status, headers = [] } = reply
  return { status, headers, text: { type: BULK_TYPE, text: bulkAnswer(imported.report, request) } }
}

const NO_CONSENT = { reason: LineFaults.no_consent }

async function wholeBody(call: Call): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of inflatedBody(call)) {
    bytes += part.length
    if (bytes > LIMITS.bulkBytesMax)
      throw new Denied('too_large', `it is longer than ${LIMITS.bulkBytesMax} bytes: send parts`)
    parts.push(Buffer.from(part))
  }
  return Buffer.concat(parts)
}

function requestIn(bytes: Uint8Array): BulkMatches {
  try {
    return readBulkMatches(bytes)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw refuse('invalid', '', `the body is no UpdateMatchesRequest (bulk-matches.proto): ${why}`)
  }
}

async function* inParts(request: BulkMatches): AsyncIterable<NumberedOperation[]> {
  let part: NumberedOperation[] = []
  for (const one of numbered(request)) {
    part.push(one)
    if (part.length < LIMITS.batchLines) continue
    yield part
    part = []
  }
  yield part
}

function* numbered(request: BulkMatches): Iterable<NumberedOperation> {
  let number = 0
  for (const operation of request.operations()) yield { number: ++number, operation }
}
