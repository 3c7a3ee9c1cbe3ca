import { hash } from 'node:crypto'

/**
 * One line of a chained file:
 *
 *     {"seq":7,"at":1764115200000,"record":{…},"chain":"<64 hex digits>"}
 *
 * `chain` is the SHA-256 of the chain before it (as hex text) and the line's own bytes up to the comma before
 * `"chain"`. So a line that was changed does not fit itself, and one that was dropped or moved does not fit
 * its neighbour. The chain before the first line is the hash of the stream's name, so that one file cannot
 * stand in for another.
 */
export interface ChainLine {
  /** 1, 2, 3 … */
  seq: number
  /** Wall time (ms) at which it was written. */
  at: number
  record: unknown
  chain: string
}

/** How far a chain goes: what a next line continues. */
export interface ChainEnd {
  /** Number of the last line; 0 for none. */
  seq: number
  chain: string
}

const TAIL = /^,"chain":"[0-9a-f]{64}"\}$/
/** Bytes of `,"chain":"…"}`. */
export const TAIL_BYTES = 76

/** The end of a chain without lines. `before`: bytes that stood in the file when the chain began. */
export function chainStart(stream: string, before?: Uint8Array): ChainEnd {
  const named = sha256(stream)
  return { seq: 0, chain: before?.length ? sha256(Buffer.concat([asBytes(named), before])) : named }
}

/** The text of the line after `end`, without newline. */
export function formLine(end: ChainEnd, at: number, record: object): { text: string } & ChainEnd {
  const seq = end.seq + 1
  const own = `{"seq":${seq},"at":${at},"record":${JSON.stringify(record)}`
  const chain = sha256(end.chain + own)
  return { text: `${own},"chain":"${chain}"}`, seq, chain }
}

/** The chain that a line states (its bytes without newline); undefined where it has none. */
export function statedChain(line: Buffer): string | undefined {
  const tail = line.toString('latin1', Math.max(0, line.length - TAIL_BYTES))
  return TAIL.test(tail) ? tail.slice(10, 74) : undefined
}

/** The chain a line would have to state after `end`. */
export function dueChain(end: ChainEnd, line: Buffer): string {
  const own = line.subarray(0, line.length - TAIL_BYTES)
  return sha256(Buffer.concat([asBytes(end.chain), own]))
}

function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex')
}

function asBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
