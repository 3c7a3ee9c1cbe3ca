import { NOTICE_KINDS, type NoticeKind } from '../../exchange/usage/ledger-record.ts'
import {
  NoticeIgnored,
  type NoticeRefusal,
  NoticeRefusals,
} from '../../exchange/usage/notice-reasons.ts'
import type { Metrics } from '../metrics/counters.ts'

/** What the notice endpoints count: notices taken by kind, refusals and what counts for nothing by word. */
export class NoticeMetrics {
  readonly #taken
  readonly #refused
  readonly #ignored

  constructor(metrics: Metrics) {
    const words = <Word extends string>(table: Record<Word, string>) => Object.keys(table) as Word[]
    this.#taken = metrics.counterOf('passerelle_notices_total', 'kind', NOTICE_KINDS)
    this.#refused = metrics.counterOf(
      'passerelle_notice_refused_total',
      'reason',
      words(NoticeRefusals),
    )
    this.#ignored = metrics.counterOf(
      'passerelle_notice_ignored_total',
      'reason',
      words(NoticeIgnored),
    )
  }

  taken(kind: NoticeKind): void {
    this.#taken[kind].add()
  }

  refused(reason: NoticeRefusal): void {
    this.#refused[reason].add()
  }

  ignored(reason: NoticeIgnored): void {
    this.#ignored[reason].add()
  }
}
