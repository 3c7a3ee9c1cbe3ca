import {
  BROWSER_CLASSES,
  type BrowserClass,
  type BrowserNumber,
  browserOf,
} from '../matchrates/browser-class.ts'
import { type Hour, hourOf } from './asks.ts'
import {
  isOld,
  isOptedOut,
  OPTED_OUT,
  type OwnCookie,
  openCookie,
  owedIn,
} from './browser-cookie.ts'
import type { SyncKeys } from './sync-keys.ts'

/** The two cookies as a browser sent them; '' where it sent none. */
export interface SentCookies {
  /** Unpartitioned: the one that carries the id. */
  main: string
  /** Partitioned by site: no id, only that we met here, or an opt-out. */
  twin: string
  userAgent: string
}

/**
 * What a browser's cookies tell before anything is looked up. `blocked`: it keeps no third-party cookies,
 * as far as can be told, so that a partner's id would be gone with the page.
 */
export type Browser =
  /** `cookie`: of whom the store has not been told, or not by this cookie. */
  | { kind: 'opted_out'; cookie: OwnCookie | undefined }
  | ({ kind: 'new' | 'blocked' } & Seen)
  | ({ kind: 'returning'; cookie: OwnCookie } & Seen)

interface Seen {
  hasTwin: boolean
  /** By its User-Agent. */
  class: BrowserNumber
}

export function readBrowser(keys: SyncKeys, { main, twin, userAgent }: SentCookies): Browser {
  if (isOptedOut(main) || twin === OPTED_OUT)
    return { kind: 'opted_out', cookie: openCookie(keys, owedIn(main)) }
  const cookie = openCookie(keys, main)
  const number = browserOf(userAgent)
  const seen = { hasTwin: TWIN.test(twin), class: number }
  if (cookie !== undefined) return { kind: 'returning', cookie, ...seen }
  // Both were set at once: where one came back and the other did not, third-party cookies are blocked.
  const isBlocked = seen.hasTwin || BLOCKS_BY_DEFAULT.includes(BROWSER_CLASSES[number])
  return { kind: isBlocked ? 'blocked' : 'new', ...seen }
}

/** The twin's value: that we met here. It is the same for everybody within an hour, so it tells nobody apart. */
export function twinValue(nowMs: number): string {
  return `met.${hourOf(nowMs).toString(36)}`
}

const TWIN = /^met\.[0-9a-z]{1,8}$/

/** Whether the cookie is to be written anew, besides for what it remembers. */
export function isDueForRenewal(browser: Browser, hour: Hour): boolean {
  return browser.kind !== 'returning' || isOld(browser.cookie, hour)
}

/** Classes that keep no third-party cookies unless told to. Only a guess about those we have not met: a cookie that came back says more. */
const BLOCKS_BY_DEFAULT: readonly BrowserClass[] = ['safari', 'firefox']
