/**
 * Classes of browsers that match rates are told apart by: what decides whether a browser can be matched is
 * how its engine treats third-party cookies. `other` is whatever does not say, such as an app.
 */
export const BROWSER_CLASSES = ['other', 'chromium', 'safari', 'firefox'] as const
export type BrowserClass = (typeof BROWSER_CLASSES)[number]

/** Place in BROWSER_CLASSES. */
export type BrowserNumber = 0 | 1 | 2 | 3
const [OTHER, CHROMIUM, SAFARI, FIREFOX] = [0, 1, 2, 3] as const

/** The engine stands in the last products of a User-Agent; what is before them is not looked at. */
const TAIL_BYTES = 64
const SLASH = 0x2f
const BACKSLASH = 0x5c
const DIGIT_6 = 0x36

/**
 * The class of a User-Agent in `bytes[start … end)`, in latin1 or as JSON has it. Every engine ends it with a
 * product of its own: Firefox/…, Safari/6… (WebKit) or Safari/5… (Chromium, which has said 537.36 ever since), unless
 * a brand of Chromium comes after. Allocates nothing.
 */
export function browserIn(bytes: Uint8Array, start: number, end: number): BrowserNumber {
  const from = Math.max(start, end - TAIL_BYTES)
  for (let i = end - 1; i > from; i--) {
    if (bytes[i] !== SLASH) continue
    const nameEnd = bytes[i - 1] === BACKSLASH ? i - 1 : i
    if (endsWith(bytes, from, nameEnd, 'Safari'))
      return bytes[i + 1] === DIGIT_6 ? SAFARI : CHROMIUM
    if (endsWith(bytes, from, nameEnd, 'Firefox')) return FIREFOX
    for (const brand of CHROMIUM_BRANDS) if (endsWith(bytes, from, nameEnd, brand)) return CHROMIUM
  }
  return OTHER
}

/** The same, of text. */
export function browserOf(userAgent: string): BrowserNumber {
  const tail = Buffer.from(userAgent.slice(-TAIL_BYTES), 'latin1')
  return browserIn(tail, 0, tail.length)
}

const CHROMIUM_BRANDS = ['Edg', 'OPR', 'Chrome']

function endsWith(bytes: Uint8Array, from: number, end: number, name: string): boolean {
  const start = end - name.length
  if (start < from) return false
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name.charCodeAt(i)) return false
  return true
}
