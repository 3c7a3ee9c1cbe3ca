import type { SyncType } from '../../exchange/sync/sync-template.ts'
import type { Syncer } from '../../exchange/sync/syncers.ts'
import { isGpcSaid } from './privacy.ts'
import { EdgeRefused } from './reasons.ts'

/** What a page asks for, whoever visits it. */
export interface PageBody {
  bidders: string[]
  limit: number | undefined
  coopSync: boolean | undefined
  account: string
  isDebug: boolean
  filters: Partial<Record<SyncType, Filter>>
}

/** A body of /cookie_sync, as Prebid Server takes it, with `eids` besides. */
export interface CookieSyncBody {
  page: PageBody
  gdpr: string
  gdprConsent: string
  usPrivacy: string
  gpp: string
  gppSid: string
  gpc: boolean
  eids: { source: string; id: string }[]
}

export interface Filter {
  isInclude: boolean
  /** `*` stands for all. */
  bidders: '*' | ReadonlySet<string>
}

type Fields = Record<string, unknown>

/** Reads JSON, whatever the content type said. Throws EdgeRefused with the field at fault. */
export function readCookieSync(bytes: Uint8Array): CookieSyncBody {
  const body = parsed(bytes)
  const [account, coopSync] = [textIn(body, 'account'), booleanIn(body, 'coopSync')]
  const filters = filtersIn(body['filterSettings'])
  const [bidders, limit] = [textsIn(body, 'bidders'), integerIn(body, 'limit')]
  const isDebug = booleanIn(body, 'debug') ?? false
  return {
    page: { bidders, limit, coopSync, account, isDebug, filters },
    gdpr: String(integerIn(body, 'gdpr') ?? ''),
    gdprConsent: textIn(body, 'gdpr_consent'),
    usPrivacy: textIn(body, 'us_privacy'),
    gpp: textIn(body, 'gpp'),
    gppSid: textIn(body, 'gpp_sid'),
    gpc: isGpcSaid(body['gpc']),
    eids: eidsIn(body['eids']),
  }
}

/** Whether a filter lets a partner through, by its id or its syncer key; without one everybody. */
export function admits(filter: Filter | undefined, { partner, key }: Syncer): boolean {
  if (filter === undefined) return true
  const { bidders, isInclude } = filter
  return (bidders === '*' || bidders.has(partner.id) || bidders.has(key)) === isInclude
}

function parsed(bytes: Uint8Array): Fields {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch (error) {
    throw new EdgeRefused('not_json', `: ${(error as Error).message}`)
  }
  if (isObject(value)) return value
  throw new EdgeRefused('not_json', ': it is no object')
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(field: string, expected: string): EdgeRefused {
  return new EdgeRefused('bad_field', `: ${field} must be ${expected}`)
}

/** Null and absent mean the same. */
function textIn(body: Fields, field: string): string {
  const value = body[field] ?? ''
  if (typeof value !== 'string') throw wrong(field, 'a string')
  return value
}

function integerIn(body: Fields, field: string): number | undefined {
  const value = body[field] ?? undefined
  if (value !== undefined && !Number.isInteger(value)) throw wrong(field, 'an integer')
  return value as number | undefined
}

function booleanIn(body: Fields, field: string): boolean | undefined {
  const value = body[field] ?? undefined
  if (value !== undefined && typeof value !== 'boolean') throw wrong(field, 'true or false')
  return value
}

function textsIn(body: Fields, field: string): string[] {
  const value = body[field] ?? []
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw wrong(field, 'a list of strings')
  return value
}

function filtersIn(value: unknown): PageBody['filters'] {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw new EdgeRefused('bad_filter', ': filterSettings must be an object')
  const filters: PageBody['filters'] = {}
  for (const [name, type] of [
    ['image', 'redirect'],
    ['iframe', 'iframe'],
  ] as const) {
    const given = value[name] ?? undefined
    if (given !== undefined) filters[type] = filterOf(name, given)
  }
  return filters
}

function filterOf(name: string, given: unknown): Filter {
  const refuse = (why: string) => new EdgeRefused('bad_filter', `.${name}: ${why}`)
  if (!isObject(given)) throw refuse('it must be an object')
  const { filter, bidders } = given
  if (filter !== 'include' && filter !== 'exclude')
    throw refuse("filter must be either 'include' or 'exclude'")
  const isInclude = filter === 'include'
  if (bidders === '*') return { isInclude, bidders }
  if (!Array.isArray(bidders)) throw refuse("bidders must either be '*' or a string array")
  if (!bidders.every((one) => typeof one === 'string'))
    throw refuse('invalid bidders type, every one must be a string')
  return { isInclude, bidders: new Set(bidders.map((one) => one.toLowerCase())) }
}

/** OpenRTB `eids`; what is not in their form is none. */
export function eidsIn(value: unknown): CookieSyncBody['eids'] {
  if (!Array.isArray(value)) return []
  const eids: CookieSyncBody['eids'] = []
  for (const one of value) {
    if (!isObject(one) || typeof one['source'] !== 'string' || !Array.isArray(one['uids'])) continue
    const { source } = one
    for (const uid of one['uids'])
      if (isObject(uid) && typeof uid['id'] === 'string') eids.push({ source, id: uid['id'] })
  }
  return eids
}
