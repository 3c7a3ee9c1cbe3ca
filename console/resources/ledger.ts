import { type Static, Type } from '../../audience/schema.ts'
import type { StreamPosition, TallyStore } from '../../audience/store/store.ts'
import { refuseAll } from '../../exchange/desk/write-record.ts'
import { closed } from '../../exchange/fields.ts'
import type { LedgerShipper, StreamState } from '../../exchange/ledger/ship-ledger.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute } from '../api/route.ts'
import { type AuditedRooms, note } from './audited.ts'
import { PageQuery } from './shapes.ts'

export type LedgerRooms = Pick<AuditedRooms, 'audit' | 'clock'> & {
  shipper: LedgerShipper
  audience: { store: { tallies: TallyStore } }
}

const Stream = closed({
  stream: Type.String(),
  openedAt: Type.String(),
  bytes: Type.Integer(),
  applied: Type.Integer({ description: 'Records counted, as the store has it.' }),
  chain: Type.String({ description: 'Hash of the last record counted; empty for none.' }),
  damage: Type.Optional(
    closed({
      damage: Type.String(),
      seq: Type.Integer({ description: 'The first record that is not what it should be.' }),
    }),
  ),
})

const LedgerShape = {
  name: 'Ledger',
  schema: closed({
    lagMs: Type.Integer({ description: 'Age of the oldest record that is not counted yet.' }),
    retiredThrough: Type.Union([Type.String(), Type.Null()], {
      description: 'Usage of this day and before can no longer be counted anew.',
    }),
    findings: Type.Array(closed({ finding: Type.String(), advice: Type.String() })),
    audit: closed({ records: Type.Integer(), chain: Type.String() }),
    items: Type.Array(Stream),
    next: Type.Union([Type.String(), Type.Null()]),
  }),
}

const RebuildQuery = closed({ confirm: Type.Optional(Type.Boolean()) })

const RebuiltShape = {
  name: 'LedgerRebuilt',
  schema: closed({ streams: Type.Integer(), records: Type.Integer() }),
}

/** The ledger as the desk sees it: its streams, how much of each is counted, and counting it anew. */
export function ledgerRoutes(rooms: LedgerRooms): ApiRoute[] {
  return [readRoute(rooms), rebuildRoute(rooms)]
}

function readRoute({ shipper, audience, audit }: LedgerRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/ledger',
    operationId: 'getLedger',
    summary: 'Streams of the ledger on this machine, and how far each is counted.',
    permission: 'exchange',
    query: PageQuery,
    answers: { 200: { says: 'A page of streams, the oldest names first.', body: LedgerShape } },
    async handle({ query }) {
      const { limit = LIMITS.pageDefault, after = '' } = query as Static<typeof PageQuery>
      const applied = await audience.store.tallies.applied()
      const rest = shipper.streams().filter(({ stream }) => stream > after)
      const items = rest.slice(0, limit).map((state) => withPosition(state, applied))
      const next = rest.length > limit ? items.at(-1)!.stream : null
      const { seq: records, chain } = audit.end
      const body = {
        lagMs: Math.round(shipper.lagMs()),
        retiredThrough: shipper.retiredThrough() || null,
        findings: shipper.findings(),
        audit: { records, chain },
        items,
        next,
      }
      return { status: 200, body }
    },
  }
}

function withPosition(
  state: StreamState,
  applied: ReadonlyMap<string, StreamPosition>,
): StreamState {
  const held = applied.get(state.stream)
  return { ...state, applied: held?.seq ?? 0, chain: held?.digest ?? '' }
}

/** Counters that the ledger cannot give again are not forgotten unasked. */
async function refuseLosses(shipper: LedgerShipper): Promise<void> {
  const lostThrough = shipper.retiredThrough()
  const losses = [
    ...(lostThrough === '' ? [] : [`the ledger no longer holds ${lostThrough} and before`]),
    ...(await shipper.damaged()).map(
      ({ stream, damage }) =>
        `${stream}, record ${damage!.seq}, is damaged (${damage!.damage}): put the file back from a backup first`,
    ),
  ]
  refuseAll(
    'conflict',
    losses.slice(0, LIMITS.namedMax).map((loss) => ({
      field: 'confirm',
      reason: `${loss}; its usage would be lost, and confirm=true does it all the same`,
    })),
  )
}

function rebuildRoute({ shipper, audit, clock }: LedgerRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/ledger/rebuild',
    operationId: 'rebuildUsage',
    summary: 'Forgets every counter of usage, and counts the ledger anew.',
    permission: 'exchange',
    query: RebuildQuery,
    answers: { 200: { says: 'All of this machine is counted again.', body: RebuiltShape } },
    async handle(call) {
      const { confirm = false } = call.query as Static<typeof RebuildQuery>
      if (!confirm) await refuseLosses(shipper)
      await shipper.rebuild()
      const streams = shipper.streams()
      const records = streams.reduce((sum, { applied }) => sum + applied, 0)
      const details = { streams: streams.length, records }
      const object = 'ledger'
      await note({ audit, clock }, call, {
        verb: 'rebuildUsage',
        object,
        before: null,
        after: null,
        details,
      })
      return { status: 200, body: details }
    },
  }
}
