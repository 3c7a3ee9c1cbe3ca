import type { UsageReportRecord } from '../../exchange/usage/ledger-record.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { CSV_TYPES, isCsv } from './csv-dialect.ts'
import { type CsvRow, csvRows } from './csv-rows.ts'
import { importBody } from './import-body.ts'
import { type ImportRooms, noted } from './import-rooms.ts'
import { ImportRun } from './import-run.ts'
import { Report } from './import-shapes.ts'
import type { Line } from './line-splitter.ts'
import { linesOf } from './line-splitter.ts'
import type { LineValue } from './read-lines.ts'
import { faultText, ReportLineShape, reportReader } from './usage-report-lines.ts'

/** `POST /api/usage/reports`. */
export function usageReportRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/usage/reports',
    operationId: 'reportUsage',
    summary:
      'A buyer’s own count of what it used, a line each, as NDJSON or CSV: compared with ours, or billed where we cannot count.',
    permission: 'side',
    body: {
      kind: 'ndjson',
      name: 'UsageReportLine',
      schema: ReportLineShape,
      alsoAs: CSV_TYPES,
    },
    answers: { 200: { says: 'What became of the lines.', body: Report } },
    async handle(call) {
      const { report } = await rooms.slots.run(undefined, () => reported(rooms, call))
      return { status: 200, body: report }
    },
  }
}

function reported(rooms: ImportRooms, call: Call) {
  const usage = rooms.usage.openUsageReport(call.caller.actor)
  const read = reportReader()
  const run = new ImportRun<UsageReportRecord, Line | CsvRow>({
    read(line): LineValue<UsageReportRecord> | undefined {
      const said = read(line)
      if (said === undefined || 'reason' in said) return said
      const verdict = usage.judge(said.value)
      if ('record' in verdict) return { value: verdict.record }
      return { reason: faultText(verdict.fault, verdict.says) }
    },
    async write(batch) {
      await usage.keep(batch)
      return []
    },
  })
  const source = importBody(call)
  const what = { verb: 'reportUsage', object: 'usage/reports' }
  return noted(rooms, call, {
    run,
    what,
    work: () => run.run(isCsv(call) ? csvRows(source) : linesOf(source)),
  })
}
