import { type PiiKind, PiiKinds } from '../../audience/identity/normalize-pii.ts'
import { type ParkReason, ParkReasons } from '../../audience/people/reasons.ts'
import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import { isExchange } from '../../exchange/desk/desk.ts'
import { closed } from '../../exchange/fields.ts'
import {
  type AskedPerson,
  askedPerson,
  erasePerson,
  lookUpPerson,
  PersonBody,
  UnmergeBody,
  unmergePerson,
} from '../../exchange/people/people-desk.ts'
import { askedReveal, RevealBody, revealPerson } from '../../exchange/people/reveal-person.ts'
import { SuppressionBits, type SuppressionKind } from '../../proto/suppression-mark.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { type ImportRooms, keysOf } from '../imports/import-rooms.ts'
import { note } from './audited.ts'

const Day = Type.String({ description: 'UTC, e.g. 2026-11-26.' })
const Place = Type.Integer({ minimum: 0 })
const Count = Type.Integer({ minimum: 0 })

const recipient = { recipient: Type.String(), channel: Type.String(), first: Day, last: Day }

/** What is known of a person. */
export const ReportShape = closed({
  suppressed: Type.Union([
    closed({
      kinds: Type.Array(Type.Enum(Object.keys(SuppressionBits) as SuppressionKind[])),
      since: Day,
    }),
    Type.Null(),
  ]),
  ids: Type.Array(closed({ source: Type.String(), uid: Type.String(), owner: Type.String() })),
  edges: Type.Array(
    closed({
      a: Place,
      b: Place,
      owner: Type.String(),
      method: Type.Integer(),
      firstSeen: Day,
      lastSeen: Day,
      until: Day,
    }),
  ),
  parked: Type.Array(
    closed({
      at: Place,
      source: Type.String(),
      uid: Type.String(),
      owner: Type.String(),
      lastSeen: Day,
      until: Day,
      why: Type.Enum(Object.keys(ParkReasons) as ParkReason[]),
    }),
    { description: 'Claims that join nobody now, and why.' },
  ),
  vault: Type.Array(closed({ owner: Type.String(), field: Type.String(), since: Day }), {
    description: 'What the vault holds: `POST /api/people/reveal` reads it.',
  }),
  segments: Type.Array(
    closed({
      segment: Type.String(),
      name: Type.String(),
      owner: Type.String(),
      provenance: Type.String({ description: 'The weakest of what it is made of.' }),
      isDormant: Type.Boolean({
        description: 'It is made of what is not licensed now: nobody is given it.',
      }),
      until: Day,
      at: Type.Union([Place, Type.Null()]),
      over: Type.Union([Type.Array(Place), Type.Null()]),
      entitled: Type.Array(
        closed({ buyer: Type.String(), contract: Type.String(), until: Type.String() }),
      ),
    }),
  ),
  egress: Type.Array(closed({ ...recipient, segments: Type.Array(Type.String()) })),
  withheld: closed({ tenants: Count, ids: Count, edges: Count, segments: Count, egress: Count }),
})

const body = { kind: 'json', name: 'AskedPerson', schema: PersonBody } as const

/** `POST /api/people/{lookup,export,erase,unmerge,reveal}`. */
export function peopleRoutes(rooms: ImportRooms): ApiRoute[] {
  return [
    ...[lookupRoute(rooms), exportRoute(rooms), eraseRoute(rooms)],
    ...[unmergeRoute(rooms), revealRoute(rooms)],
  ]
}

function lookupRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/people/lookup',
    operationId: 'lookUpPerson',
    summary: 'What is known of the person behind an id, why, and until when.',
    permission: 'side',
    body,
    isQuestion: true,
    answers: {
      200: {
        says: 'As far as the caller may see it.',
        body: { name: 'Person', schema: ReportShape },
      },
    },
    async handle(call) {
      const asked = askedIn(rooms, call)
      const report = await lookUpPerson(roomsOf(rooms), asked)
      await noted(rooms, call, { verb: 'lookUpPerson', asked, counts: {} })
      return { status: 200, body: report }
    },
  }
}

function exportRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/people/export',
    operationId: 'exportPerson',
    summary: 'All that is kept of a person, to be handed to that person.',
    permission: 'side',
    body,
    isQuestion: true,
    answers: {
      200: { says: 'As one document.', body: { name: 'PersonExport', schema: ReportShape } },
    },
    async handle(call) {
      const asked = askedIn(rooms, call)
      if (isExchange(call.caller.actor) && !asked.isGlassBroken)
        throw refuse(
          'forbidden',
          'reason',
          'say why tenants’ people have to be seen: it is audited',
        )
      const report = await lookUpPerson(roomsOf(rooms), asked)
      await noted(rooms, call, { verb: 'exportPerson', asked, counts: {} })
      return { status: 200, body: report }
    },
  }
}

const ErasedShape = {
  name: 'PersonErased',
  schema: closed({
    ids: Type.Integer({ description: 'Suppressed from now on.' }),
    edges: Type.Integer({ description: 'Deleted, from both ends.' }),
    segments: Type.Integer({ description: 'Memberships deleted.' }),
    recipients: Type.Array(closed(recipient), {
      description: 'Whom to pass the erasure on to: who was given anything within 13 months.',
    }),
  }),
}

function eraseRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/people/erase',
    operationId: 'erasePerson',
    summary:
      'Leaves a person alone for good: suppresses it first, then deletes what is known of it.',
    permission: 'side',
    body,
    answers: {
      200: { says: 'What was deleted; every process knows within a second.', body: ErasedShape },
    },
    async handle(call) {
      const asked = askedIn(rooms, call)
      const erased = await erasePerson(roomsOf(rooms), call.caller.actor, asked)
      const { recipients, ...deleted } = erased
      const counts = { ...deleted, recipients: recipients.length }
      await noted(rooms, call, { verb: 'erasePerson', asked, counts })
      return { status: 200, body: erased }
    },
  }
}

function unmergeRoute(rooms: ImportRooms): ApiRoute {
  const removed = Type.Integer({ description: 'Matches taken back.' })
  return {
    method: 'POST',
    path: '/api/people/unmerge',
    operationId: 'unmergePerson',
    summary: 'Takes matches of an id back: people are afterwards as if they had never been.',
    permission: 'side',
    body: { kind: 'json', name: 'Unmerge', schema: UnmergeBody },
    answers: {
      200: {
        says: 'Every process knows within a second.',
        body: { name: 'Unmerged', schema: closed({ removed }) },
      },
    },
    async handle(call) {
      keysOf(rooms)
      const { hash, removed } = await unmergePerson(roomsOf(rooms), call.caller.actor, call.body)
      const object = `person/${hash}`
      const details = { removed }
      await note(rooms, call, { verb: 'unmergePerson', object, before: null, after: null, details })
      return { status: 200, body: { removed } }
    },
  }
}

const RevealedShape = {
  name: 'PersonRevealed',
  schema: closed({
    values: Type.Array(
      closed({
        owner: Type.String(),
        field: Type.Enum(Object.keys(PiiKinds) as PiiKind[]),
        value: Type.Optional(Type.String()),
        sha256: Type.Optional(Type.String()),
        at: Type.String(),
      }),
    ),
  }),
}

function revealRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/people/reveal',
    operationId: 'revealPerson',
    summary:
      'What the vault holds of a person, or the hashes of it: for a purpose, with a reason, audited before it is told.',
    permission: 'side',
    body: { kind: 'json', name: 'Reveal', schema: RevealBody },
    isQuestion: true,
    answers: {
      200: { says: 'Of each tenant and field the value said last.', body: RevealedShape },
    },
    async handle(call) {
      keysOf(rooms)
      const reveal = askedReveal(roomsOf(rooms), call.caller, call.body)
      const values = await revealPerson(roomsOf(rooms), reveal)
      const { fields, purpose, reason, as } = reveal.given
      const details = {
        ...{ purpose, reason, fields: fields.join(','), values: values.length },
        ...(as === undefined ? {} : { as }),
      }
      const object = `person/${reveal.asked.hash}`
      await note(rooms, call, { verb: 'revealPerson', object, before: null, after: null, details })
      return { status: 200, body: { values } }
    },
  }
}

function roomsOf({ exchange, audience }: ImportRooms) {
  return { deskDeps: exchange.deskDeps, audience }
}

function askedIn(rooms: ImportRooms, { caller, body }: Call): AskedPerson {
  keysOf(rooms)
  return askedPerson(roomsOf(rooms), caller.actor, body)
}

/** Looking at people is noted like a write; the id itself never is. */
function noted(
  rooms: ImportRooms,
  call: Call,
  { verb, asked, counts }: { verb: string; asked: AskedPerson; counts: Record<string, number> },
): Promise<void> {
  const details = { ...counts, ...(asked.reason === undefined ? {} : { reason: asked.reason }) }
  const object = `person/${asked.hash}`
  return note(rooms, call, { verb, object, before: null, after: null, details })
}
