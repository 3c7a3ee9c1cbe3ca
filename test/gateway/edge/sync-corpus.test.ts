import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tcText } from '../../audience/consent/support/tc-writer.ts'
import { corpusPath } from '../../support/corpus.ts'
import { EdgeHouse, type SyncAnswer } from '../../support/edge-house.ts'
import { idsOf, matchWith, meet, settle, stateFor } from '../../support/sync-world.ts'

// Cases nobody here wrote, over HTTP. What they take from a mock is real here: consent strings are written to
// allow or deny, states are minted, and a row in their cookie is a match in our table.

const cookieSync = casesIn('sync/cookie-sync-cases.json')
const setuid = casesIn('sync/setuid-cases.json')

/** Where we answer otherwise on purpose. */
const STRICTER: Record<string, string> = {
  'gppsid-valid': 'sections 100 and 101 are named, and no GPP string says anything of them: 451',
}

// biome-ignore lint/suspicious/noExplicitAny: a corpus has its own form
type Case = any

function casesIn(name: string): Record<string, Case> | undefined {
  const path = corpusPath(name)
  return path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8'))
}

const NOW = '2026-06-01'
const ALLOWS = tcText({
  created: NOW,
  purposes: [1],
  vendors: [1, 2, 3, 4, 5, 6],
  disclosed: [1, 2, 3, 4, 5, 6],
})
const DENIES = tcText({
  created: NOW,
  purposes: [],
  vendors: [1, 2, 3, 4, 5, 6],
  disclosed: [1, 2, 3, 4, 5, 6],
})
/** A GPP string whose only section is a TC string. */
const OF_TCF = 'DBABMA~'

describe.skipIf(cookieSync === undefined)('the corpus of /cookie_sync', () => {
  let house: EdgeHouse
  beforeAll(async () => {
    house = await EdgeHouse.open()
    const { partners } = cookieSync!['fixture']
    await house.partners({ zzz: {}, disabled: { roles: ['publisher'], status: 'paused' } })
    await house.partners(Object.fromEntries(Object.entries(partners).map(partnerOf)))
    await house.partners({ zzz: syncOf('zzz') })
  })
  afterAll(async () => {
    await house.close()
    expect(house.failures).toEqual([])
  })

  for (const one of cookieSync?.['cases'] ?? []) test(one.description, () => check(house, one))
})

async function check(house: EdgeHouse, { given, request, expected }: Case): Promise<void> {
  await settle(house, settingsOf(given.config))
  const browser = house.browser()
  const rows = Object.entries(given.uidsCookie ?? {}) as [string, Case][]
  if (rows.length > 0) await meet(browser)
  for (const [key, row] of rows)
    if (key === '__optout') await browser.ask('GET', '/optout')
    else if (row.expiresInDays > 0)
      await matchWith(house, browser, { partner: key, uid: `${key}-${row.uid}` })
  const body = bodyOf(request.body, given.config)
  const answer = await browser.ask('POST', '/cookie_sync', { body: JSON.stringify(body) })
  expect(answer.status).toBe(expected.http)
  const text = answer.body.toString()
  if (expected.body) expect(text).toBe(expected.body)
  if (expected.bodyContains) expect(text).toContain(expected.bodyContains)
  if (expected.contentType) expect(answer.headers['content-type']).toBe(expected.contentType)
  if (answer.status === 200) checkPlan(JSON.parse(text), { expected, body })
}

function checkPlan(plan: SyncAnswer, { expected, body }: Record<'expected' | 'body', Case>): void {
  const bidders = plan.bidder_status.map(({ bidder }) => bidder)
  if (expected.status) expect(plan.status).toBe(expected.status)
  if (expected.bidders) expect(bidders.toSorted()).toEqual(expected.bidders.toSorted())
  if (expected.biddersSubsetOf)
    expect(expected.biddersSubsetOf).toEqual(expect.arrayContaining(bidders))
  if (expected.noteDup) expect(bidders.filter((one) => one === 'd' || one === 'e')).toHaveLength(1)
  if (expected.count) expect(bidders).toHaveLength(expected.count)
  if (expected.first) expect(bidders.slice(0, expected.first.length)).toEqual(expected.first)
  if (expected.second) expect(bidders[1]).toBe(expected.second)
  if (expected.debug) expect(plan.debug).toEqual(expected.debug)
  if (expected.entry) {
    const { url, type } = plan.bidder_status[0]!.usersync
    const { usersync, ...entry } = expected.entry
    expect(plan.bidder_status[0]).toMatchObject(entry)
    expect([url.startsWith(usersync.url.replace('...', '')), type]).toEqual([true, usersync.type])
  }
  for (const [name, value] of Object.entries(expected.macros ?? {})) {
    const back = new URL(new URL(plan.bidder_status[0]!.usersync.url).searchParams.get('r')!)
    expect(back.searchParams.get(name)).toBe(name === 'gdpr_consent' && body.gpp ? ALLOWS : value)
  }
}

/** Names are lower case here, and there are no further ones in a fixture. */
function partnerOf([id, given]: [string, unknown]): [string, object] {
  const { syncerKey, redirect, iframe, gvlId, skipWhen, enabled } = given as Case
  if (!redirect && !iframe) return [id, {}]
  const skip = skipWhen && { ...skipWhen, gppSid: skipWhen.gppSid?.map(Number) }
  return [
    id,
    {
      gvlId,
      sync: {
        syncerKey: syncerKey.toLowerCase(),
        redirect: redirect && { url: redirect, userMacro: '$UID' },
        iframe: iframe && { url: iframe, userMacro: '$UID' },
        skipWhen: skip,
        enabled,
      },
    },
  ]
}

function syncOf(key: string): object {
  const iframe = { url: `https://${key}.example/s?r={redirect}`, userMacro: '$UID' }
  return { gvlId: 1, sync: { syncerKey: key, iframe, enabled: key !== 'zzz' } }
}

function settingsOf(config: Case): object {
  return {
    gdprDefault: config.gdprDefault,
    maxLimit: config.accountMaxLimit,
    defaultLimit: config.accountDefaultLimit,
    priorityGroups: config.priorityGroups,
    priorityGroupsOnly: config.priorityGroupsOnly,
    disabledIframes: config.disabledIframePartners,
  }
}

function bodyOf(body: Case, config: Case): Case {
  const gpp = body.gpp?.startsWith('DBABMA') ? { gpp: OF_TCF + ALLOWS } : {}
  const denied = Object.keys(config.partnerAllowedByGdpr ?? {}).length > 0
  const consent = denied
    ? { gdpr_consent: tcText({ created: NOW, purposes: [1], vendors: [2], disclosed: [1, 2] }) }
    : {}
  return { ...body, ...gpp, ...consent }
}

describe.skipIf(setuid === undefined)('the corpus of /setuid', () => {
  for (const one of setuid?.['cases'] ?? []) test(one.description, () => checkSetuid(one))

  // Their cookie has an end, and throws out what does not fit; our table has room for all.
  const ejections = (setuid?.['ejection'] ?? []).filter((one: Case) => one.expected.status === 200)
  for (const { description, request, given } of ejections) {
    const keys = given.existingSyncerKeys.map((key: string) => key.toLowerCase())
    const before = Object.fromEntries(keys.map((key: string) => [key, given.existingUidValue]))
    const syncerKeyByBidder = { pubmatic: 'pubmatic' }
    const all = { syncerKeyByBidder, existingUidsCookie: before, gdprAllowsHostCookie: true }
    const expected = { status: 200, uidsCookieAfter: { ...before, pubmatic: '123' } }
    test(description, () => checkSetuid({ request, given: all, expected }))
  }
})

async function checkSetuid({ description, request, given, expected }: Case): Promise<void> {
  const house = await EdgeHouse.open()
  try {
    const before = Object.entries(given.existingUidsCookie ?? {}) as [string, string][]
    const keys = {
      ...given.syncerKeyByBidder,
      ...Object.fromEntries(before.map(([key]) => [key, key])),
    }
    for (const [id, key] of Object.entries(keys) as [string, string][])
      await house.partners({ [id]: { ...syncOf(key), gvlId: 1 } })
    const browser = house.browser()
    await meet(browser)
    for (const [partner, uid] of before) await matchWith(house, browser, { partner, uid })
    const uri = withRealConsent(request.uri, given)
    const bidder = /bidder=([^&]*)/.exec(uri)?.[1] ?? ''
    const syncer = house.sync.rooms()!.syncers.find(bidder)
    const state = syncer ? `&s=${stateFor(house, browser, syncer)}` : ''
    const answer = await browser.ask('GET', uri + state)
    const stricter = STRICTER[description] !== undefined
    expect(answer.status, answer.body.toString()).toBe(stricter ? 451 : expected.status)
    if (expected.body && !/vendor list|consent was invalid/.test(expected.body))
      expect(answer.body.toString()).toBe(expected.body)
    const ids = await idsOf(house, browser)
    const byKey = Object.fromEntries(
      Object.entries(ids).map(([id, [uid]]) => [(keys as Record<string, string>)[id] ?? id, uid]),
    )
    expect(byKey).toEqual(
      stricter ? {} : (expected.uidsCookieAfter ?? given.existingUidsCookie ?? {}),
    )
    for (const [name, value] of stricter ? [] : Object.entries(expected.headers ?? {}))
      expect(answer.headers[name.toLowerCase()]).toBe(value)
    expect(house.failures).toEqual([])
  } finally {
    await house.close()
  }
}

/** The mock's yes or no as a string that says so; an account without activities is one whose visitor opted out. */
function withRealConsent(uri: string, given: Case): string {
  const says = given.gdprAllowsHostCookie ? ALLOWS : DENIES
  const isReplaced = !given.gvlUnavailable && !given.consentMalformed
  const real = isReplaced ? uri.replace(/([?&]gdpr_consent=)[^&]+/, `$1${says}`) : uri
  return real
    .replace(/([?&]gpp=)DBABMA[^&]+/, `$1${OF_TCF}${ALLOWS}`)
    .replace(/account=\w*usersync_disabled/, 'us_privacy=1YYN')
}
