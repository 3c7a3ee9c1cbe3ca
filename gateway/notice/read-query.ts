import type { NoticeKind } from '../../exchange/usage/ledger-record.ts'
import type { NoticeGiven } from '../../exchange/usage/read-notice.ts'
import { isMacro } from '../http/is-macro.ts'

/** The notice in a query and in a form body; where both name the same, the query counts. */
export function readQuery(what: NoticeKind, query: string, form: string): NoticeGiven {
  const fields = new URLSearchParams(`${query}&${form}`)
  const field = (name: string) => {
    const text = fields.get(name) ?? ''
    return isMacro(text) ? '' : text
  }
  return {
    what,
    t: field('t'),
    imp: field('imp'),
    price: field('price'),
    cur: field('cur'),
    used: field('used'),
    by: field('by'),
  }
}
