/** Characters of a query that are read; a door takes none as long. */
export const QUERY_CHARS_MAX = 16 * 1024
/** A character of a query is at most three bytes in UTF-8, and what is decoded of it is written once more. */
const BYTES_A_CHAR_MAX = 6
/** For the sources of as many eids as are noted. */
const SOURCES_BYTES_MAX = 16 * 1024

const PAGE_BYTES = QUERY_CHARS_MAX * BYTES_A_CHAR_MAX + SOURCES_BYTES_MAX
/** What ends the parts of TC and of GPP strings. */
const SOUGHT = [0x2e, 0x7e]

/** Where queries are written to, one after the other, and what they say in other words than their own. */
class SignalsPage {
  readonly bytes = new Uint8Array(PAGE_BYTES + SOUGHT.length)
  end = 0
  readonly #pen = Buffer.from(this.bytes.buffer, 0, PAGE_BYTES)

  /** All of a query is written: who looks for the end of a part of a consent string looks no further than this. */
  finish(): void {
    for (let i = 0; i < SOUGHT.length; i++) this.bytes[this.end + i] = SOUGHT[i]!
  }

  /** A copy of what is written. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.end)
  }

  /** Writes behind what is there; returns where it begins. */
  write(text: string): number {
    const start = this.end
    this.end += this.#pen.write(text, start)
    return start
  }
}

export const signalsPage = new SignalsPage()
