import type { Query } from '../edge/query.ts'
import { isMacro } from '../http/is-macro.ts'

/** Who is asked about, as a wire without a bid request says it. */
export interface Named {
  /** The caller's own id of the person. */
  buyeruid?: string | undefined
  ifa?: string | undefined
  eids?: readonly { source: string; uids: { id: string }[] }[]
  /** Milliseconds its sender waits. */
  tmaxMs?: number | undefined
}

/**
 * The bid request that a query comes to: people and privacy by the same names, each where OpenRTB 2.6 has it. What is
 * given as privacy and cannot be read is passed on as it is: it is denied then, as in any request.
 */
export function signalsRequest(query: Query, { buyeruid, ifa, eids, tmaxMs }: Named): Buffer {
  const user = objectOf(
    textMember('buyeruid', buyeruid),
    eids === undefined ? '' : `"eids":${JSON.stringify(eids)}`,
    textMember('consent', given(query, 'gdpr_consent')),
  )
  const geo = objectOf(textMember('country', given(query, 'country')))
  const device = objectOf(textMember('ifa', ifa), `"geo":${geo}`)
  const regs = objectOf(
    member('gdpr', flagOf(given(query, 'gdpr'))),
    textMember('us_privacy', given(query, 'us_privacy')),
    textMember('gpp', given(query, 'gpp')),
    member('gpp_sid', sectionsOf(given(query, 'gpp_sid'))),
    `"ext":${objectOf(textMember('gpc', given(query, 'gpc')))}`,
    member('coppa', flagOf(given(query, 'coppa'))),
  )
  const parts = `"user":${user},"device":${device},"regs":${regs}`
  return Buffer.from(objectOf('"id":"1"', member('tmax', tmaxMs), parts))
}

/** Written by hand: it is made for every request, and most of it is absent. */
function objectOf(...members: readonly string[]): string {
  let text = ''
  for (const one of members) if (one !== '') text += text === '' ? one : `,${one}`
  return `{${text}}`
}

/** '' where there is no value. */
function member(name: string, value: unknown): string {
  return value === undefined ? '' : `"${name}":${JSON.stringify(value)}`
}

/** Texts that stand in JSON as they are: ids and consent strings, nearly all. */
const PLAIN = /^[\w.~:=+-]*$/

function textMember(name: string, text: string | undefined): string {
  return text !== undefined && PLAIN.test(text) ? `"${name}":"${text}"` : member(name, text)
}

/** Undefined where it is absent, empty, or a macro that nobody replaced (`${UID}`, `{uid}`, `%%UID%%`). */
export function given(query: Query, name: string): string | undefined {
  const text = query.get(name)
  return text === '' || isMacro(text) ? undefined : text
}

/** `0` is no; whatever else is said is yes, so that nothing is served on a misreading. */
function flagOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text !== '0')
}

/**
 * `6,7` as OpenRTB's list. Prebid Server Java writes what its Optional holds: `Optional[7]` (and `Optional.empty` for
 * nothing).
 */
function sectionsOf(text: string | undefined): number[] | string | undefined {
  if (text === undefined || text === 'Optional.empty') return undefined
  const [, list = text] = /^Optional\[([^\]]*)\]$/.exec(text) ?? []
  return /^\d{1,5}(,\d{1,5})*$/.test(list) ? list.split(',').map(Number) : text
}
