const UNSAFE = /[\r\n\0]/

/** Refuses a header value that would end its line early and start another (response splitting). */
export function assertHeaderSafe(headers: readonly string[]): void {
  if (headers === lastSafe) return
  for (let i = 0; i < headers.length; i++) {
    if (UNSAFE.test(headers[i]!)) throw new Error(`header ${headers[i & ~1]} carries a line break`)
  }
  lastSafe = headers
}

/** The bid path sends one and the same list over and over; nobody changes a list once it is sent. */
let lastSafe: readonly string[] | undefined
