import { MESSAGE_TYPES } from '../../audience/events/read-message.ts'
import { Type } from '../../audience/schema.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LIMITS } from '../limits.ts'

const Basis = Type.Optional(
  Type.String({
    maxLength: LIMITS.basisCharsMax,
    pattern: '^[^\\x00-\\x1f\\x7f]+$',
    description: 'The evidence of consent the import rests on; kept in the audit log.',
  }),
)

export const MatchesQuery = closed({ basis: Basis })

export const MembershipsQuery = closed({
  basis: Basis,
  segment: Type.Optional(OperatorId),
  mode: Type.Optional(Type.Enum(['replace'])),
  confirm: Type.Optional(
    Type.Boolean({ description: 'The segment may shrink to less than half.' }),
  ),
})

export const report = {
  accepted: Type.Integer({ description: 'Good lines, all of them durable.' }),
  rejected: Type.Integer({ description: 'Bad lines, of which nothing was kept.' }),
  errors: Type.Array(
    closed({ line: Type.Integer(), reason: Type.String(), field: Type.Optional(Type.String()) }),
    { maxItems: LIMITS.importErrorsMax },
  ),
}

export const EventsQuery = closed({
  source: Type.String({
    ...OperatorId,
    description: 'Whose events they are: its switches and ids hold.',
  }),
  type: Type.Optional(
    Type.Enum([...MESSAGE_TYPES], {
      description:
        'Kind of the rows that do not say; by default `identify` of a source of kind crm, else `track`.',
    }),
  ),
  event: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: 'Event of the rows that name none.' }),
  ),
  map: Type.Optional(
    Type.String({
      maxLength: LIMITS.importMapCharsMax,
      description:
        'A JSON object: column → field of the message, e.g. {"Client":"userId","Total":"properties.total"}; `-` leaves a column out.',
    }),
  ),
  basis: Basis,
})

/** A message of the Segment HTTP tracking API, or an object of columns. */
export const EventLine = Type.Object({})

export const EventsReport = {
  name: 'EventsReport',
  schema: closed({
    ...report,
    denied: Type.Integer({ description: 'Rows whose consent does not let them be kept.' }),
  }),
}

const Count = Type.Integer({ minimum: 0 })

/** Lines of a deletion list by what became of them. */
export const DeletionCounts = { deleted: Count, opted_out: Count, not_found: Count, exempt: Count }

export const Report = { name: 'ImportReport', schema: closed(report) }

export const MembershipsReport = {
  name: 'MembershipsReport',
  schema: closed({
    ...report,
    replaced: Type.Optional(closed({ before: Type.Integer(), after: Type.Integer() })),
  }),
}
