import { SCAN_WASM } from './generated/scan-wasm.ts'
import { instantiate } from './instantiate.ts'
import { LIMITS } from './limits.ts'

/**
 * The scanner's inner part (wasm/scan.ts) as the rest of the room sees it: a body goes in, events come
 * out. One instance per process; a scan is over before another begins.
 */
interface Core {
  /** Number of events; negative: malformed, or CORE_TOO_DEEP. */
  scan(length: number): number
}

export const CORE_TOO_DEEP = -2
export const EVENT_OPENED = 9
export const EVENT_CLOSED = 10
/** Numbers of an event: `path | kind << 8`, start, end. */
export const EVENT_NUMBERS = 3

/** Finds the path under a key with escapes in it. */
type EscapedChild = (parent: number, start: number, end: number) => number
let escapedChild: EscapedChild = () => 0

const {
  exports: core,
  memory,
  address,
} = instantiate<Core>(SCAN_WASM, {
  escapedChild: (parent, start, end) => escapedChild(parent!, start!, end!),
})

/** The body, as it was copied in last; zeros follow it. */
export const input = new Uint8Array(memory, address('INPUT'), LIMITS.jsonBytesMax + 64)
export const events = new Int32Array(
  memory,
  address('EVENTS'),
  address('EVENTS_MAX') * EVENT_NUMBERS,
)
// Two events for `{},` are the most a body can ask for.
if (events.length < (LIMITS.jsonBytesMax / 1.5) * EVENT_NUMBERS)
  throw new Error('the scanner has no room for the events of the longest body')

/** Copies a body in and scans it. Bodies above `LIMITS.jsonBytesMax` are the caller's to refuse. */
export function scanCore(body: Uint8Array): number {
  input.set(body)
  return core.scan(body.length)
}

/** Tables of paths, as wasm/scan.ts reads them; see request-paths.ts. */
export function loadPaths(
  tables: Readonly<
    Record<'SLOTS' | 'PARENTS' | 'LENGTHS' | 'ELEMENTS' | 'HEADS' | 'KEYS' | 'WANTED', Uint8Array>
  >,
  then: EscapedChild,
): void {
  const bytes = new Uint8Array(memory)
  for (const [name, table] of Object.entries(tables)) bytes.set(table, address(name))
  escapedChild = then
}

/** Offset of the first byte of `input` that is no white space. */
export function skipWhite(at: number): number {
  let c = input[at]!
  while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = input[++at]!
  return at
}
