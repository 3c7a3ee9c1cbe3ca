import { PROVENANCE_NAMES } from '../../audience/provenance.ts'
import { Type } from '../../audience/schema.ts'
import type { LabelShown } from '../../exchange/desk/labels.ts'
import { closed } from '../../exchange/fields.ts'
import { SIGNATURE_KIND } from '../../exchange/label/label-records.ts'
import { LABEL_FIELDS, LabelOrigins, type LabelValue } from '../../exchange/label/make-label.ts'
import { LabelFaults } from '../../exchange/label/reasons.ts'
import { CSV_TYPE } from '../api/csv.ts'
import type { ApiRoute, Reply } from '../api/route.ts'
import { type AuditedRooms, audited } from './audited.ts'
import { asksForCsv, csvReply, Format } from './csv-reply.ts'

const PATH = '/api/segments/{id}/label'

const Texts = Type.Array(Type.String())
const Value = Type.Unsafe<LabelValue>({
  anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'array', items: { type: 'string' } }],
})
const perField = <T>(of: T) =>
  closed(Object.fromEntries(LABEL_FIELDS.map((field) => [field, Type.Optional(of as never)])))

const LabelShape = {
  name: 'DataLabel',
  schema: closed({
    segment: Type.String(),
    at: Type.String({ description: 'When it was made.' }),
    state: Type.Enum(['complete', 'incomplete', 'stale']),
    label: perField(Value),
    from: perField(
      Type.Enum(Object.keys(LabelOrigins), { description: 'How each value came to be known.' }),
    ),
    missing: Type.Array(closed({ field: Type.Enum([...LABEL_FIELDS]), says: Type.String() }), {
      description: 'What nothing is known for, and where to say it.',
    }),
    stale: Type.Array(
      closed({ reason: Type.Enum(Object.keys(LabelFaults)), says: Type.String() }),
      { description: 'Why nothing is published on the segment, and what to do.' },
    ),
    standardNames: Texts,
    provenance: Type.Enum(PROVENANCE_NAMES, { description: 'The weakest of what it is made of.' }),
    refreshedOn: Type.Optional(Type.String()),
    offers: Texts,
    signed: Type.Optional(closed({ at: Type.String(), by: Type.String() })),
  }),
}

/** `/api/segments/{id}/label`: the data label, and its signature. */
export function labelRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  const verb = 'signLabel'
  return [
    {
      method: 'GET',
      path: PATH,
      operationId: 'getLabel',
      summary:
        'The data label of a segment (IAB Tech Lab, Data Transparency Standard 1.2), made from what is known of it.',
      permission: 'side',
      query: closed({ format: Format }),
      answers: { 200: { says: 'The label.', body: LabelShape, alsoAs: [CSV_TYPE] } },
      async handle(call) {
        const label = await desk.getLabel(call.caller.actor, call.params['id']!)
        return asksForCsv(call) ? csvOfLabel(label) : { status: 200, body: label }
      },
    },
    {
      method: 'POST',
      path: `${PATH}/sign`,
      operationId: verb,
      summary:
        'The owner stands by the label: a change of the segment makes it stale until it is signed again.',
      permission: 'side',
      body: { kind: 'json', isOptional: true, name: 'Nothing', schema: closed({}) },
      answers: { 200: { says: 'The label as it is now.', body: LabelShape } },
      async handle(call) {
        const id = call.params['id']!
        const write = () => desk.signLabel(call.caller.actor, { id, body: call.body })
        const body = await audited(rooms, call, { verb, kind: SIGNATURE_KIND, id, write })
        return { status: 200, body }
      },
    },
  ]
}

/** One row under the standard's names; ids of nodes are parted by semicolons, other lists by bars. */
function csvOfLabel({ label }: LabelShown): Reply {
  const row = Object.fromEntries(
    LABEL_FIELDS.map((field) => {
      const value = label[field] ?? ''
      const mark = field === 'taxonomy_id_list' ? ';' : '|'
      return [field, Array.isArray(value) ? value.join(mark) : value]
    }),
  )
  return csvReply([...LABEL_FIELDS], { rows: [row] })
}
