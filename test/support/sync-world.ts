import { readFileSync } from 'node:fs'
import { BROWSER } from '../../audience/namespace.ts'
import { browserValue } from '../../exchange/sync/browser-cookie.ts'
import type { Syncer } from '../../exchange/sync/syncers.ts'
import { MAIN_COOKIE } from '../../gateway/edge/cookies.ts'
import { unpackEdges } from '../../proto/edge-blob.ts'
import { type TcModel, tcText } from '../audience/consent/support/tc-writer.ts'
import { type EdgeHouse, OPERATOR, type TestBrowser } from './edge-house.ts'
import { patiently } from './patiently.ts'

interface World {
  partners: Record<string, object>
  consents: Record<string, TcModel>
}

const world = JSON.parse(
  readFileSync(new URL('../cases/sync/world.json', import.meta.url), 'utf8'),
) as World

/** Partners of the cases. */
export const CASE_PARTNERS = world.partners

const TEXTS: Record<string, string> = {
  ...Object.fromEntries(Object.entries(world.consents).map(([name, tc]) => [name, tcText(tc)])),
  long: 'C'.repeat(5_000),
  '512': 'x'.repeat(512),
  '513': 'x'.repeat(513),
}

/** `@name` of a case → the text it stands for. */
export function filled(text: string): string {
  return text.replace(/@([a-z0-9-]+)/g, (whole, name) => TEXTS[name] ?? whole)
}

/** Settings of the whole exchange, as a case wants them. */
export async function settle(house: EdgeHouse, settings: object = {}): Promise<void> {
  await house.exchange.desk.putSyncSettings(OPERATOR, { body: settings })
  await house.exchange.deskDeps.feed.poke()
}

/** Gives a browser our cookie, without a partner being asked. */
export async function meet(browser: TestBrowser): Promise<void> {
  await browser.ask('POST', '/cookie_sync', { body: '{"bidders":["nobody-at-all"]}' })
  if (!browser.jar.has(MAIN_COOKIE))
    await browser.ask('POST', '/cookie_sync', { body: '{"limit":1}' })
}

/** Our own id in a browser's cookie; undefined where it has none. */
export function ownId(house: EdgeHouse, browser: TestBrowser): Buffer | undefined {
  const sent = { main: browser.jar.get(MAIN_COOKIE) ?? '', twin: '', userAgent: '' }
  const met = house.sync.browser(house.sync.rooms()!, sent)
  return met.kind === 'returning' ? met.cookie.id : undefined
}

/** A state for this browser and partner, as /cookie_sync would give it. */
export function stateFor(house: EdgeHouse, browser: TestBrowser, syncer: Syncer): string {
  const id = ownId(house, browser)
  if (id === undefined) return ''
  const mint = { browser: id, hop: 0, wasReturning: true, nowMs: house.clock.now() }
  return house.sync.rooms()!.states.mint([syncer.partner.number], mint)[0]!
}

/** What partners know a browser by now, by partner. */
export async function idsOf(
  house: EdgeHouse,
  browser: TestBrowser,
): Promise<Record<string, string[]>> {
  const id = ownId(house, browser)
  if (id === undefined) return {}
  const key = house.audience.userKeys()!.of(BROWSER.number, browserValue(id))
  // A store has little time to answer a read, and a busy machine is no failure.
  const [record] = await patiently(() => house.store.people.recall([key]))
  const ids: Record<string, string[]> = {}
  for (const { namespace, value } of unpackEdges(record?.edges ?? new Uint8Array(0))) {
    const partner = [...house.exchange.catalog()!.partners()].find(
      (one) => one.namespace === namespace,
    )
    ;(ids[partner?.id ?? namespace] ??= []).push(value)
  }
  return ids
}

/** Makes a match as if a sync had come back. */
export async function matchWith(
  house: EdgeHouse,
  browser: TestBrowser,
  { partner, uid }: { partner: string; uid: string },
): Promise<void> {
  const syncer = house.sync.rooms()!.syncers.find(partner)!
  const s = stateFor(house, browser, syncer)
  const answer = await browser.ask('GET', `/setuid?bidder=${partner}&uid=${uid}&s=${s}`)
  if (answer.status !== 200) throw new Error(`${partner}: ${answer.status} ${answer.body}`)
}
