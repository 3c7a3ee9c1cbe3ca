import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { corpusPath } from '../../support/corpus.ts'
import { EdgeHouse } from '../../support/edge-house.ts'
import { idsOf } from '../../support/sync-world.ts'

// Real partners' sync addresses: each is loaded, filled, followed by a partner that replaces its macro in one
// of the two ways partners do, and comes back to a match.

interface Template {
  bidder: string
  gvlVendorID: number | null
  syncerKey: string
  type: 'redirect' | 'iframe'
  url: string
  userMacro: string | null
}

const path = corpusPath('sync/usersync-templates.json')
const templates: Template[] = path ? JSON.parse(readFileSync(path, 'utf8')).templates : []

const MACROS: Record<string, string> = {
  '{{.RedirectURL}}': '{redirect}',
  '{{.GDPR}}': '{gdpr}',
  '{{.GDPRConsent}}': '{gdpr_consent}',
  '{{.USPrivacy}}': '{us_privacy}',
  '{{.GPP}}': '{gpp}',
  '{{.GPPSID}}': '{gpp_sid}',
}
const SAID = { gdpr: 0, us_privacy: '1YN-', gpp: 'DBABTA~1YN-', gpp_sid: '6' }
const VALUES: Record<string, string> = {
  '{{.GDPR}}': '0',
  '{{.GDPRConsent}}': '',
  '{{.USPrivacy}}': SAID.us_privacy,
  '{{.GPP}}': 'DBABTA~1YN-',
  '{{.GPPSID}}': '6',
}

describe.skipIf(path === undefined)('276 sync addresses of 204 partners', () => {
  let house: EdgeHouse

  beforeAll(async () => {
    house = await EdgeHouse.open()
    const bidders = [...new Set(templates.map(({ bidder }) => bidder))]
    const waysOf = (bidder: string) => templates.filter((one) => one.bidder === bidder)
    const bodies = bidders.map((bidder) => [bidder.toLowerCase(), partnerOf(waysOf(bidder))])
    await house.partners(Object.fromEntries(bodies))
  })
  afterAll(async () => {
    await house.close()
    expect(house.failures).toEqual([])
  })

  test('are all there', () => expect(templates).toHaveLength(276))

  for (const one of templates)
    test(`${one.bidder} ${one.type}`, async () => {
      for (const replace of [replacedRaw, replacedEncoded]) {
        const uid = `${one.bidder}/${one.type}+${replace.name}==&ü`
        const browser = house.browser()
        const other = one.type === 'redirect' ? 'iframe' : 'image'
        const filterSettings = { [other]: { bidders: '*', filter: 'exclude' } }
        const urls = await browser.urls({ bidders: [one.bidder], filterSettings, ...SAID })
        const url = urls[one.bidder.toLowerCase()]!
        const inner = innerOf(one, url)
        const back = replace(inner, one.userMacro ?? '', uid)
        expect(back.startsWith('https://edge.test/setuid?bidder=')).toBe(true)
        const answer = await browser.ask('GET', back.slice('https://edge.test'.length))
        expect(answer.status, answer.body.toString()).toBe(200)
        expect(answer.headers['content-type']).toBe(
          one.type === 'redirect' ? 'image/png' : 'text/html',
        )
        const ids = await idsOf(house, browser)
        expect(ids[one.bidder.toLowerCase()]).toEqual([uid])
      }
    })
})

function partnerOf(ways: Template[]): object {
  const sync = Object.fromEntries(
    ways.map(({ type, url, userMacro }) => [type, { url: converted(url), userMacro }]),
  )
  const [{ gvlVendorID, syncerKey }] = ways as [Template]
  return { gvlId: gvlVendorID, sync: { ...sync, syncerKey: syncerKey.toLowerCase() } }
}

/** Their macros in our words; other braces are the partner's own text. */
function converted(url: string): string {
  const parts = url.split(/(\{\{\.\w+\}\})/)
  const ours = (part: string) => part.replaceAll('{', '%7B').replaceAll('}', '%7D')
  return parts.map((part, i) => (i % 2 ? MACROS[part] : ours(part))).join('')
}

/** The way back as the address carries it, once all around it is found to be as it should. */
function innerOf({ url }: Template, filled: string): string {
  const around = url.split('{{.RedirectURL}}').map((part) =>
    part
      .replace(/\{\{\.\w+\}\}/g, (macro) => encodeURIComponent(VALUES[macro]!))
      .replaceAll('{', '%7B')
      .replaceAll('}', '%7D'),
  ) as [string, string]
  expect(filled.startsWith(around[0]) && filled.endsWith(around[1])).toBe(true)
  return filled.slice(around[0].length, filled.length - around[1].length)
}

function replacedRaw(inner: string, macro: string, uid: string): string {
  const back = decodeURIComponent(inner)
  expect(back.endsWith(`&uid=${macro}`)).toBe(true)
  const id = encodeURIComponent(uid)
  return macro === '' ? back + id : back.replace(macro, () => id)
}

function replacedEncoded(inner: string, macro: string, uid: string): string {
  const id = encodeURIComponent(encodeURIComponent(uid))
  if (macro === '') return decodeURIComponent(inner + id)
  return decodeURIComponent(inner.replace(encodeURIComponent(macro), () => id))
}
