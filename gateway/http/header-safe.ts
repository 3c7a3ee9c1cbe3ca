const UNSAFE = /[\r\n\0]/

/** Refuses a header value that would end its line early and start another (response splitting). */
export function assertHeaderSafe(headers: readonly string[]): void {
  for (let i = 0; i < headers.length; i++) {
    if (UNSAFE.test(headers[i]!)) throw new Error(`header ${headers[i & ~1]} carries a line break`)
  }
}
