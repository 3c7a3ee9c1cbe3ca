import { SYNC_LIMITS } from '../../exchange/sync/limits.ts'

/**
 * Our two cookies. The first carries the browser's id; the second, of another name, is kept apart for each
 * site (CHIPS) and carries none: it remembers that we met, and an opt-out. Both names are bound to https
 * and, the second, to this very host.
 */
export const MAIN_COOKIE = '__Secure-psr'
export const TWIN_COOKIE = '__Host-psr-site'

/** Value of a cookie in a Cookie header; '' where it is not there. The first of a name counts. */
export function cookieIn(header: string, name: string): string {
  for (let at = 0; at < header.length; ) {
    let end = header.indexOf(';', at)
    if (end < 0) end = header.length
    const start = header[at] === ' ' ? at + 1 : at
    if (header.startsWith(name, start) && header[start + name.length] === '=')
      return header.slice(start + name.length + 1, end).trim()
    at = end + 1
  }
  return ''
}

const DAY_S = 86_400
const COMMON = 'Path=/; Secure; HttpOnly; SameSite=None'

export interface CookieValues {
  main?: string | undefined
  twin?: string | undefined
  /** Default SYNC_LIMITS.cookieTtlDays. 0 takes them away. */
  ttlDays?: number
}

/** Header lines that set them; of absent values none. */
export function setCookies({ main, twin, ttlDays }: CookieValues): string[] {
  const maxAge = `Max-Age=${(ttlDays ?? SYNC_LIMITS.cookieTtlDays) * DAY_S}; ${COMMON}`
  const lines: string[] = []
  if (main !== undefined) lines.push('set-cookie', `${MAIN_COOKIE}=${main}; ${maxAge}`)
  if (twin !== undefined) lines.push('set-cookie', `${TWIN_COOKIE}=${twin}; ${maxAge}; Partitioned`)
  return lines
}
