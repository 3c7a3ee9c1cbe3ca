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
 * given as privacy and cannot be read is passed on as it is: it is denied then, as in any request; and what is given
 * twice stands there twice, where the strictest counts.
 */
export function signalsRequest(query: Query, { buyeruid, ifa, eids, tmaxMs }: Named): Buffer {
  const text = (name: string, as = name) => members(query, name, (said) => textMember(as, said))
  const flag = (name: string) => members(query, name, (said) => member(name, flagOf(said)))
  const user = objectOf(
    textMember('buyeruid', buyeruid),
    eids === undefined ? '' : `"eids":${JSON.stringify(eids)}`,
    text('gdpr_consent', 'consent'),
  )
  const device = objectOf(
    textMember('ifa', ifa),
    flag('lmt'),
    flag('dnt'),
    `"geo":${objectOf(text('country'))}`,
  )
  const regs = objectOf(
    flag('gdpr'),
    text('us_privacy'),
    text('gpp'),
    members(query, 'gpp_sid', (said) => member('gpp_sid', sectionsOf(said))),
    `"ext":${objectOf(text('gpc'))}`,
    flag('coppa'),
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

/** A member for each value that is given under a name, nearly always one or none; '' where there is none. */
function members(query: Query, name: string, write: (said: string) => string): string {
  if (query.isRepeated(name)) {
    const all = query.all(name).filter((said) => !isMacro(said))
    return all.map(write).filter(Boolean).join()
  }
  const said = given(query, name)
  return said === undefined ? '' : write(said)
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
function flagOf(text: string): number {
  return Number(text !== '0')
}

/**
 * `6,7` as OpenRTB's list. Prebid Server Java writes what its Optional holds: `Optional[7]` (and `Optional.empty` for
 * nothing).
 */
function sectionsOf(text: string): number[] | string | undefined {
  if (text === 'Optional.empty') return undefined
  const [, list = text] = /^Optional\[([^\]]*)\]$/.exec(text) ?? []
  return /^\d{1,5}(,\d{1,5})*$/.test(list) ? list.split(',').map(Number) : text
}
