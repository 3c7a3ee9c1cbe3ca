import { assertHeaderSafe } from './header-safe.ts'

/** A list of headers as one: the first name, and all that follows it up to the last line's end. */
export class JoinedHeaders {
  readonly name: string
  readonly value: string

  constructor([name = '', ...rest]: readonly string[]) {
    this.name = name
    this.value = rest.map((text, i) => (i % 2 === 0 ? text : `\r\n${text}: `)).join('')
  }
}

/** A list that knows what it comes to as one. */
class KeptHeaders extends Array<string> {
  joined: JoinedHeaders | undefined
}

/**
 * A list of headers (name, value, name, value …) that many answers will carry: checked, and put together, once. A door
 * knows it again, and writes it with one call into native code instead of one a header.
 */
export function keptHeaders(list: readonly string[]): readonly string[] {
  assertHeaderSafe(list)
  const kept = KeptHeaders.from(list) as KeptHeaders
  kept.joined = new JoinedHeaders(list)
  return Object.freeze(kept)
}

/** Undefined for a list that is not kept. */
export function joinedHeaders(list: readonly string[]): JoinedHeaders | undefined {
  return list instanceof KeptHeaders ? list.joined : undefined
}
