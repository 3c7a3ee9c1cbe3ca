import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { CSV_TYPE, csvOf } from '../api/csv.ts'
import type { ApiRoute, Reply } from '../api/route.ts'
import { MARKDOWN_TYPE, markdownOf } from '../data-protection/markdown.ts'
import { type DpTable, dpTable } from '../data-protection/tables.ts'
import {
  DP_DOCUMENTS,
  DP_LANGUAGES,
  DP_TEXTS,
  type DpDocument,
  type DpLanguage,
} from '../data-protection/texts.ts'
import type { AuditedRooms } from './audited.ts'

const Query = closed({
  lang: Type.Optional(Type.Enum([...DP_LANGUAGES])),
  format: Type.Optional(Type.Enum(['json', 'csv', 'md'])),
})

const Document = {
  name: 'DataProtectionDocument',
  schema: closed({
    document: Type.Enum([...DP_DOCUMENTS]),
    lang: Type.Enum([...DP_LANGUAGES]),
    at: Type.String({ description: 'When it was made.' }),
    title: Type.String(),
    intro: Type.Array(Type.String()),
    columns: Type.Array(closed({ key: Type.String(), label: Type.String() })),
    items: Type.Array(Type.Record(Type.String(), Type.String())),
  }),
}

/** `/api/data-protection/{document}`: what contracts say of data protection, as documents for people. */
export function dataProtectionRoute({ exchange, clock }: AuditedRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/data-protection/{document}',
    operationId: 'getDataProtectionDocument',
    summary: `The record of processing, the recipients or the transfers (${DP_DOCUMENTS.join(', ')}), from your contracts.`,
    permission: 'side',
    query: Query,
    answers: {
      200: { says: 'The document.', body: Document, alsoAs: [CSV_TYPE, MARKDOWN_TYPE] },
    },
    handle({ caller, params, query }) {
      const document = DP_DOCUMENTS.find((one) => one === params['document'])
      if (!document) throw refuse('not_found', '', `there are ${DP_DOCUMENTS.join(', ')}`)
      const { lang = 'en', format = 'json' } = query as { lang?: DpLanguage; format?: string }
      const facts = exchange.desk.dataProtectionFacts(caller.actor)
      const table = dpTable(document, facts, DP_TEXTS[lang])
      const at = new Date(clock.now()).toISOString()
      return format === 'json' ? jsonReply(table, { document, lang, at }) : textReply(table, format)
    },
  }
}

function jsonReply(
  { title, intro, columns, rows }: DpTable,
  about: { document: DpDocument; lang: DpLanguage; at: string },
): Reply {
  return { status: 200, body: { ...about, title, intro, columns, items: rows } }
}

function textReply(table: DpTable, format: string): Reply {
  if (format === 'md')
    return { status: 200, text: { type: MARKDOWN_TYPE, text: markdownOf(table) } }
  const labelled = table.rows.map((row) =>
    Object.fromEntries(table.columns.map(({ key, label }) => [label, row[key]])),
  )
  const labels = table.columns.map(({ label }) => label)
  return { status: 200, text: { type: CSV_TYPE, text: csvOf(labels, labelled) } }
}
