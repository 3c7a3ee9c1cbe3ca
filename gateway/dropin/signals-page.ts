/** Characters of a query that are read; a door takes none as long. */
export const QUERY_CHARS_MAX = 16 * 1024
/** A character of a query is at most three bytes in UTF-8, and what is decoded of it is written once more. */
const BYTES_A_CHAR_MAX = 6
/** For the sources of as many eids as are noted. */
const SOURCES_BYTES_MAX = 16 * 1024

/** Where queries are written to, one after the other, and what they say in other words than their own. */
class SignalsPage {
  readonly bytes = Buffer.alloc(QUERY_CHARS_MAX * BYTES_A_CHAR_MAX + SOURCES_BYTES_MAX)
  end = 0

  /** What is written so far; no more of the page, since who looks for a byte looks to the end. */
  get written(): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset, this.end)
  }

  /** Writes behind what is there; returns where it begins. */
  write(text: string): number {
    const start = this.end
    this.end += this.bytes.write(text, start)
    return start
  }
}

export const signalsPage = new SignalsPage()
