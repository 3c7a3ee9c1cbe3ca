/**
 * Where one person's packed record lies: memberships first, then matches, in one stretch of bytes.
 * Reused; valid until the next record is looked up.
 */
export class RecordSpan {
  bytes: Uint8Array = new Uint8Array(0)
  /** Memberships: `start` to `edgesStart`; matches: `edgesStart` to `end`. */
  start = 0
  edgesStart = 0
  end = 0

  set(bytes: Uint8Array, start: number, ends: { edgesStart: number; end: number }): void {
    this.bytes = bytes
    this.start = start
    this.edgesStart = ends.edgesStart
    this.end = ends.end
  }
}
