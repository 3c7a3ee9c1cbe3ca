import { setTimeout as passed } from 'node:timers/promises'
import type { Judgement } from '../../audience/events/compiled-plan.ts'
import type { MessageType } from '../../audience/events/read-message.ts'
import { refuse } from '../../audience/refusal.ts'
import { QueueFull } from '../../audience/store/event-stores.ts'
import { ownerOf } from '../../exchange/collect/owner-of.ts'
import type { CollectSource } from '../../exchange/collect/source-ring.ts'
import type { CollectRoom } from '../../gateway/collect/collect-room.ts'
import { permitMessage } from '../../gateway/collect/permit-message.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { LIMITS } from '../limits.ts'
import { Denied } from '../reasons.ts'
import { CSV_TYPES, isCsv } from './csv-dialect.ts'
import { type CsvRow, csvRows } from './csv-rows.ts'
import { EventColumns, type Message } from './event-columns.ts'
import { type EventRow, EventRows } from './event-rows.ts'
import { importBody } from './import-body.ts'
import { type ImportRooms, importReply, keysOf, noted } from './import-rooms.ts'
import { ImportRun, type LineRefusal } from './import-run.ts'
import { EventLine, EventsQuery, EventsReport } from './import-shapes.ts'
import { type Line, linesOf } from './line-splitter.ts'

/** What an import of events works with: the collector, as the edge door has it. */
export interface EventImportRooms extends ImportRooms {
  collect: CollectRoom
}

/** `POST /api/events`: a file of events or of customers, as lines of JSON or as CSV. */
export function eventsImportRoute(rooms: EventImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/events',
    operationId: 'importEvents',
    summary:
      'Collects the rows of a file, as NDJSON or CSV, under the same rules as what comes in at the browser door.',
    permission: 'side',
    query: EventsQuery,
    body: {
      kind: 'ndjson',
      name: 'EventLine',
      schema: EventLine,
      alsoAs: CSV_TYPES,
    },
    answers: { 200: { says: 'What became of the rows.', body: EventsReport } },
    handle: (call) =>
      rooms.slots.run(undefined, async () => importReply(await new EventImport(rooms, call).run())),
  }
}

interface EventsAsked {
  source: string
  type?: MessageType
  event?: string
  map?: string
}

class EventImport {
  readonly #rooms: EventImportRooms
  readonly #call: Call
  readonly #source: CollectSource
  readonly #rows: EventRows
  readonly #columns: EventColumns
  #denied = 0

  /** Refuses (`not_found`) a source that is not there or not the caller's, and (`invalid`) a map that says nothing. */
  constructor(rooms: EventImportRooms, call: Call) {
    const { source: id, event, map, ...asked } = call.query as unknown as EventsAsked
    keysOf(rooms)
    const { value: shown } = rooms.exchange.desk.getSource(call.caller.actor, id)
    const type = asked.type ?? (shown.kind === 'crm' ? 'identify' : 'track')
    this.#rooms = rooms
    this.#call = call
    this.#source = sourceOf(rooms, id)
    this.#columns = new EventColumns({ map: mapOf(map), type, event })
    const owner = ownerOf(rooms.exchange.deskDeps.feed.current()!, shown.owner, rooms.clock.now())
    this.#rows = new EventRows(this.#columns, owner?.timeZone ?? 'UTC')
  }

  run() {
    const { query } = this.#call
    const body = importBody(this.#call)
    const run = new ImportRun<Message, CsvRow | Line>({
      read: (row) => this.#read(row),
      write: (batch) => this.#collect(batch),
    })
    const denied = () => ({ denied: this.#denied })
    return noted(this.#rooms, this.#call, {
      run,
      what: { verb: 'importEvents', object: 'events', details: query },
      more: denied,
      work: async () => ({
        ...(await run.run(isCsv(this.#call) ? csvRows(body) : linesOf(body))),
        ...denied(),
      }),
    })
  }

  /** Undefined for a header, and for what may not be kept. */
  #read(row: CsvRow | Line): EventRow | undefined {
    const read = this.#rows.read(row)
    return read && 'value' in read && !this.#permits(read.value) ? undefined : read
  }

  #permits(message: Message): boolean {
    const { collect } = this.#rooms
    const denied = permitMessage(message, this.#source, { ...collect, gpc: false })
    if (denied === 0) return true
    collect.metrics.denied(denied)
    this.#denied++
    return false
  }

  async #collect(messages: readonly Message[]): Promise<(LineRefusal | undefined)[]> {
    const { collector, metrics } = this.#rooms.collect
    await this.#roomInQueue()
    const rest = { type: undefined, sentAt: undefined, permits: () => true }
    const delivery = { messages, bytes: LIMITS.lineBytesMax, ...rest }
    const { faults, unplanned } = await collector.collect(this.#source, delivery).catch(asDenied)
    metrics.taken(messages.length - faults.length - unplanned.length, faults.length)
    for (const { mode } of unplanned) metrics.unplanned(mode)
    const refusals: (LineRefusal | undefined)[] = []
    for (const { message, field, reason } of faults)
      refusals[message] = { reason, field: this.#columns.columnOf(field) }
    for (const { message, ...judgement } of unplanned) refusals[message] = offPlan(judgement)
    return refusals
  }

  /** A file can be read faster than its events are counted; those that happen now must not wait behind it. */
  async #roomInQueue(): Promise<void> {
    const { audience, clock } = this.#rooms
    const untilMs = clock.elapsed() + LIMITS.importQueueWaitMsMax
    while ((await audience.store.events.depth()) > LIMITS.importQueueEventsMax) {
      if (clock.elapsed() > untilMs) throw queueFull()
      await passed(LIMITS.importQueuePollMs)
    }
  }
}

/** What a tracking plan puts aside waits there for a better plan; what it blocks is gone. */
function offPlan({ mode, problems }: Judgement): LineRefusal {
  const says = problems.map(({ field, reason }) => `${field} ${reason}`).join('; ')
  const what = mode === 'quarantine' ? 'put aside' : 'blocked'
  return { reason: `${what} by the tracking plan: ${says}` }
}

function asDenied(error: unknown): never {
  throw error instanceof QueueFull ? queueFull() : error
}

function queueFull(): Denied {
  const says =
    'too many events wait to be processed: send the file again later, what is in counts once'
  return new Denied('too_many', says, ['retry-after', '60'])
}

function sourceOf({ collect }: EventImportRooms, id: string): CollectSource {
  const source = collect.collector.sourceNamed(id)
  if (source) return source
  throw refuse('unprocessable', 'source', 'its owner is paused: nothing is collected of it')
}

/** A JSON object of texts. */
function mapOf(text = '{}'): Readonly<Record<string, string>> {
  let map: unknown
  try {
    map = JSON.parse(text)
  } catch {
    map = undefined
  }
  const isMap = typeof map === 'object' && map !== null && !Array.isArray(map)
  if (isMap && Object.values(map!).every((field) => typeof field === 'string'))
    return map as Record<string, string>
  throw refuse('invalid', 'map', 'must be a JSON object of texts, such as {"Client":"userId"}')
}
