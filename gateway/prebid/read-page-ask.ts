import { eachMember } from '../../proto/members.ts'
import { PAGE_LIMITS } from './limits.ts'

/** What a page says, as far as it is read. */
export type PageAsk = Record<string, unknown>

/**
 * The body as an object; undefined where it is none, or says something twice: what a parser keeps of that may be the one
 * that allows, and no page writes so.
 */
export function readPageAsk(bytes: Uint8Array): PageAsk | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    return isObject(value) && membersIn(bytes) === Object.keys(value).length ? value : undefined
  } catch {
    return undefined
  }
}

function membersIn(bytes: Uint8Array): number {
  let count = 0
  eachMember(bytes, bytes.indexOf(OPEN_BRACE), () => count++)
  return count
}

const OPEN_BRACE = 0x7b

/** What is known of whoever asks besides what the page says. */
export interface AskedBy {
  /** Our own id of the browser. */
  browser: string | undefined
  /** As the browser named it. */
  origin: string
  userAgent: string
  /** Global Privacy Control, by header. */
  gpc: boolean
}

/**
 * The bid request that it comes to. Of ids a page may name eids alone: any other would be somebody's whom it may only
 * guess. Privacy goes as it was said, of whatever type: what cannot be read denies, as in any request.
 */
export function pageRequest(ask: PageAsk, { browser, origin, userAgent, gpc }: AskedBy): Buffer {
  const host = origin.replace(/^https?:\/\/(www\.)?/, '').replace(/:\d+$/, '')
  return Buffer.from(
    JSON.stringify({
      id: '1',
      tmax: ask['tmax'],
      imp: [{ id: '1' }],
      site: { domain: host },
      device: { ua: userAgent, lmt: ask['lmt'], dnt: ask['dnt'], geo: { country: ask['country'] } },
      user: { buyeruid: browser, eids: eidsIn(ask['eids']), consent: ask['gdpr_consent'] },
      regs: {
        gdpr: ask['gdpr'],
        us_privacy: ask['us_privacy'],
        gpp: ask['gpp'],
        gpp_sid: ask['gpp_sid'],
        coppa: ask['coppa'],
        ext: { gpc: gpc ? 1 : ask['gpc'], dsa: ask['dsa'] },
      },
    }),
  )
}

/** In the form OpenRTB has them; what is of another is none. */
function eidsIn(value: unknown): { source: string; uids: { id: string }[] }[] {
  const eids: { source: string; uids: { id: string }[] }[] = []
  let left: number = PAGE_LIMITS.uidsMax
  for (const { source, uids, inserter } of objectsIn(value)) {
    if (typeof source !== 'string') continue
    const ids = objectsIn(uids).flatMap(({ id }) => (typeof id === 'string' ? { id } : []))
    const more = typeof inserter === 'string' ? { inserter } : {}
    eids.push({ source, uids: ids.slice(0, left), ...more })
    left -= Math.min(left, ids.length)
    if (left === 0) break
  }
  return eids
}

function objectsIn(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
