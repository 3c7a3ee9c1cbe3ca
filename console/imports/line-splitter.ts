import { isUtf8 } from 'node:buffer'
import { LIMITS } from '../limits.ts'
import type { LineFault } from '../reasons.ts'

/** A line as it was sent, or why it cannot be read. Lines count from 1, blank ones too. */
export type Line = { number: number; text: string } | { number: number; fault: LineFault }

const NEWLINE = 10
const NO_BYTES = Buffer.alloc(0)

/** The lines of a body, as many at once as a chunk of it holds. */
export async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncIterable<readonly Line[]> {
  let lines: Line[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  const taken = () => {
    const some = lines
    lines = []
    return some
  }
  for await (const chunk of source) {
    splitter.push(chunk)
    yield taken()
  }
  splitter.end()
  yield taken()
}

/**
 * Cuts a stream of bytes into lines. Keeps at most one unfinished line of LIMITS.lineBytesMax; of a
 * longer one nothing is kept but its number. Blank lines are passed over. LF and CRLF both end a line,
 * and the last needs no end.
 */
export class LineSplitter {
  readonly #take: (line: Line) => void
  #number = 0
  #rest: Buffer = NO_BYTES
  /** In the middle of a line that is too long already. */
  #isSkipping = false

  constructor(take: (line: Line) => void) {
    this.#take = take
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const firstEnd = bytes.indexOf(NEWLINE)
    if (firstEnd < 0) this.#keep(bytes)
    else {
      this.#endLine(bytes.subarray(0, firstEnd))
      this.#wholeLines(bytes, firstEnd + 1)
    }
  }

  /** The stream is over: what is left is the last line. */
  end(): void {
    if (this.#rest.length > 0 || this.#isSkipping) this.#endLine(NO_BYTES)
  }

  /** One look at all lines of a chunk tells that they are UTF-8, which nearly always holds. */
  #wholeLines(bytes: Buffer, from: number): void {
    const end = bytes.lastIndexOf(NEWLINE) + 1
    const sound = end <= from || isUtf8(bytes.subarray(from, end))
    for (let start = from; start < end; ) {
      const lineEnd = bytes.indexOf(NEWLINE, start)
      this.#say(bytes.subarray(start, lineEnd), sound)
      start = lineEnd + 1
    }
    this.#keep(bytes.subarray(end))
  }

  #keep(bytes: Buffer): void {
    if (this.#isSkipping || bytes.length === 0) return
    this.#isSkipping = this.#rest.length + bytes.length > LIMITS.lineBytesMax
    // Copied: the memory of a chunk is not ours to hold on to.
    this.#rest = this.#isSkipping ? NO_BYTES : Buffer.concat([this.#rest, bytes])
  }

  #endLine(bytes: Buffer): void {
    const line = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes
    const isTooLong = this.#isSkipping
    this.#rest = NO_BYTES
    this.#isSkipping = false
    if (isTooLong) this.#take({ number: ++this.#number, fault: 'too_long' })
    else this.#say(line, isUtf8(line))
  }

  #say(bytes: Buffer, sound: boolean): void {
    const number = ++this.#number
    if (bytes.length > LIMITS.lineBytesMax) this.#take({ number, fault: 'too_long' })
    else if (!sound && !isUtf8(bytes)) this.#take({ number, fault: 'not_utf8' })
    else {
      const text = bytes.toString('utf8').trim()
      if (text !== '') this.#take({ number, text })
    }
  }
}
