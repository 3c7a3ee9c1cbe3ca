import { writeTcString } from '../../bench/tc-string.ts'
import { caseWorld } from './bid-house.ts'
import type { Random } from './random.ts'
import { type UsSaid, usSaid } from './us-gpp.ts'

// Requests that every wire has to decide alike, and how a query says one.

export interface Request {
  id: string
  imp: { id: string; pmp?: { deals: { id: string }[] } }[]
  user: {
    buyeruid: string
    consent?: string
    data?: { id: string; segment: { id: string }[] }[]
    eids?: object[]
  }
}

/** Privacy and place as parameters; what a request says in both placements is said twice. */
export function queryOf({ user, ...request }: Request): URLSearchParams | undefined {
  const { device, regs } = request as Signals
  if (user.eids || user.data) return undefined
  const query = new URLSearchParams()
  const { geo, ifa, ext: asks, ...limits } = { ...device }
  const { ext, ...signals } = { ...regs }
  const more = { ...asks, country: geo?.country, gdpr_consent: user.consent }
  for (const said of [signals, ext ?? {}, limits, more])
    for (const [name, value] of Object.entries(said))
      if (value !== undefined) query.append(name, String(value))
  return query
}

export interface Signals {
  device?: {
    lmt?: number
    dnt?: number
    ifa?: string
    geo?: { country: string }
    ext?: { atts?: number }
  }
  regs?: { gpp?: string; gpp_sid?: number[]; ext?: object }
}

/** A page has one placement alone. */
export function isTwofold({ regs }: Signals): boolean {
  return Object.keys(regs?.ext ?? {}).some((name) => Object.hasOwn(regs!, name))
}

const tcString = (...without: number[]) =>
  writeTcString({ createdDay: 20_500, vendorsMax: 60, has: (vendor) => !without.includes(vendor) })
const [HILL, NORTH] = [21, 32]
const CONSENTS = [tcString(), tcString(HILL), tcString(NORTH), 'none']
/** What regulations say, at both placements, alike or not. */
const REGS = [
  ...[{ coppa: 1 }, { gdpr: 0 }, { us_privacy: '1YYN' }, { ext: { gpc: '1' } }, {}],
  ...[{ gdpr: 1 }, { gdpr: 1 }, { gdpr: 1, ext: { gdpr: 0 } }, { gdpr: 0, ext: { gdpr: 1 } }],
  ...[{ us_privacy: '1YNN', ext: { us_privacy: '1YYN' } }, { us_privacy: '1---' }],
  ...[7, 8, 2].map((section) => ({ gpp: 'DBABLA~BVQqAAAAAgA.QA', gpp_sid: [section] })),
  { gpp: 'DBABLA~BVVqAAAAAgA.QA', gpp_sid: [7] },
]

/** What people say in the States, section by section (see `twinOf`). */
const US_SAID = new Map<string, UsSaid>()

function usRegs(random: Random): object {
  const { isDenied, ...said } = usSaid(random)
  US_SAID.set(JSON.stringify(said), { isDenied, ...said })
  return said
}

/** Who is known by the id of their device, and somebody who is not. */
const IFAS = ['6d92078a-8246-4ba4-ae5b-76104861e7dc', '11111111-8246-4ba4-ae5b-76104861e7dc']

/**
 * The same request as if nothing had been said of the States or of the use of the device's id, and that had been obeyed
 * in another way: who opted out is nobody, and a device that keeps its id to itself has none. Undefined where neither is said.
 */
export function twinOf(request: Request): Request | undefined {
  const twin = structuredClone(request) as Request & Signals
  const { device, regs, user } = twin
  const us = US_SAID.get(JSON.stringify(regs ?? {}))
  const atts = device?.ext?.atts
  if (us === undefined && atts === undefined) return undefined
  delete device?.ext
  if (us !== undefined) delete twin.regs
  if (us?.isDenied) {
    user.buyeruid = 'nobody'
    delete user.eids
  }
  if (us?.isDenied || (atts ?? AUTHORIZED) !== AUTHORIZED) delete device?.ifa
  return twin
}

/** App Tracking Transparency: 0 not determined, 1 restricted, 2 denied. */
const AUTHORIZED = 3

/** A request of somebody of the world, or of nobody, who allows more or less. */
export function requestOf(random: Random): Request {
  const people = caseWorld().people.map(({ uid }) => uid)
  const maybe = <T>(value: T) => (random() < 0.3 ? value : undefined)
  const deal = { id: random.pick(['cars-deal', 'theirs']), bidfloor: 2.5, bidfloorcur: 'EUR' }
  const request = {
    id: `r${random.int(1e6)}`,
    imp: Array.from({ length: 1 + random.int(2) }, (_, i) => ({
      id: String(i + 1),
      pmp: maybe({ deals: [deal] }),
    })),
    site: maybe({ id: 'site-7', domain: 'news.example' }),
    device: random.pick([undefined, deviceOf(random)]),
    regs: random.pick([undefined, random.pick(REGS), usRegs(random)]),
    user: {
      buyeruid: random() < 0.35 ? 'nobody' : random.pick(people),
      consent: maybe(random.pick(CONSENTS)),
      eids: maybe([{ source: 'pubcid.org', uids: [{ id: 'pub-1' }] }]),
      data: maybe([{ id: 'data-hill', name: 'hill.example', segment: [{ id: 'cars' }] }]),
    },
  }
  return JSON.parse(JSON.stringify(request))
}

function deviceOf(random: Random): object {
  return {
    ...random.pick([{ lmt: 0 }, { lmt: 1 }, { dnt: 1, lmt: 0 }, {}, {}, {}]),
    geo: { country: random.pick(['USA', 'USA', 'BRA', 'FRA']) },
    ...(random() < 0.7 && { ifa: IFAS[Number(random() < 0.2)] }),
    ...(random() < 0.7 && { ext: { atts: random.pick([0, 1, 2, 3, 3]) } }),
  }
}
