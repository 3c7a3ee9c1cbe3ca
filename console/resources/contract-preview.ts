import { Type } from '../../audience/schema.ts'
import { ContractBody } from '../../exchange/contract.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import { closed } from '../../exchange/fields.ts'
import { PreviewNotes } from '../../exchange/statements/preview-month.ts'
import type { ApiRoute, NamedSchema } from '../api/route.ts'
import { Money, Total } from './statement-shapes.ts'
import { Day } from './usage.ts'

const Query = closed({ from: Type.Optional(Day), to: Type.Optional(Day) })

const PreviewShape: NamedSchema = {
  name: 'ContractPreview',
  schema: closed({
    contract: Type.String(),
    from: Type.String(),
    to: Type.String(),
    items: Type.Array(
      closed({
        month: Type.String(),
        segment: Type.String({ description: 'Empty where the line is a fee by the month.' }),
        deal: Type.String(),
        units: Type.Integer(),
        ...Money,
      }),
    ),
    totals: Type.Array(Total),
    notes: Type.Array(Type.Enum(Object.keys(PreviewNotes) as (keyof typeof PreviewNotes)[])),
  }),
}

/** `POST /api/contracts/{id}/preview`. */
export function contractPreviewRoute({ usage }: { usage: UsageDesk }): ApiRoute {
  return {
    method: 'POST',
    path: '/api/contracts/{id}/preview',
    operationId: 'previewContract',
    summary:
      'What last month, or the days asked for, would have cost under a contract: under the one that is there, or under the terms sent.',
    permission: 'side',
    isQuestion: true,
    query: Query,
    body: { kind: 'json', name: 'Contract', schema: ContractBody, isOptional: true },
    answers: { 200: { says: 'Its lines by month and segment.', body: PreviewShape } },
    async handle({ caller, params, query, body }) {
      const asked = { id: params['id']!, ...query, ...(body === undefined ? {} : { body }) }
      return { status: 200, body: await usage.previewContract(caller.actor, asked) }
    },
  }
}
