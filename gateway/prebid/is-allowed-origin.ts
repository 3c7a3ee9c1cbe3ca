/** Whether pages of an origin, as a browser names it, are among those: by name, or `https://*.news.example` for all below. */
export function isAllowedOrigin(origin: string, allowed: readonly string[]): boolean {
  return allowed.some((one) => {
    const star = one.indexOf('*')
    if (star < 0) return one === origin
    const [scheme, rest] = [one.slice(0, star), one.slice(star + 1)]
    const host = origin.slice(scheme.length, -rest.length)
    return origin.startsWith(scheme) && origin.endsWith(rest) && /^[a-z0-9.-]+$/.test(host)
  })
}
