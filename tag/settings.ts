/** What the address of the script says: `…/tag.js?key=wk_…&gdpr=1&vendor=42&cookie=psr_id&page=0`. */
export interface Settings {
  key: string
  /** Where the script came from, and messages go to. */
  origin: string
  /** Whether a visitor of whom no consent tool says anything counts as under the GDPR. Default 1. */
  gdpr: 0 | 1
  /** GVL id of whom the data are collected for: asked of a TC string beside purposes 1 and 3. */
  vendor: number | undefined
  /** Name under which the visitor's id is kept. */
  cookie: string
  /** Whether the view of the page is told without being asked to. */
  page: boolean
}

/** Undefined where there is no key. */
export function readSettings(address: string): Settings | undefined {
  const { origin, searchParams } = new URL(address)
  const key = searchParams.get('key')
  if (!key) return undefined
  const cookie = searchParams.get('cookie') ?? ''
  return {
    key,
    origin,
    gdpr: searchParams.get('gdpr') === '0' ? 0 : 1,
    vendor: Number(searchParams.get('vendor')) || undefined,
    cookie: /^[\w-]{1,64}$/.test(cookie) ? cookie : 'psr_id',
    page: searchParams.get('page') !== '0',
  }
}
