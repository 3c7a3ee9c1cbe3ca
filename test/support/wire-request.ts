import { writeTcString } from '../../bench/tc-string.ts'
import { caseWorld } from './bid-house.ts'
import type { Random } from './random.ts'

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
  const { geo, ...limits } = { ...device }
  const { ext, ...signals } = { ...regs }
  const more = { country: geo?.country, gdpr_consent: user.consent }
  for (const said of [signals, ext ?? {}, limits, more])
    for (const [name, value] of Object.entries(said))
      if (value !== undefined) query.append(name, String(value))
  return query
}

export interface Signals {
  device?: { lmt?: number; dnt?: number; geo?: { country: string } }
  regs?: { ext?: object }
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

/** A request of somebody of the world, or of nobody, who allows more or less. */
export function requestOf(random: Random): Request {
  const people = [...caseWorld().people.map(({ uid }) => uid), 'nobody']
  const maybe = <T>(value: T) => (random() < 0.3 ? value : undefined)
  const deal = { id: random.pick(['cars-deal', 'theirs']), bidfloor: 2.5, bidfloorcur: 'EUR' }
  const request = {
    id: `r${random.int(1e6)}`,
    imp: Array.from({ length: 1 + random.int(2) }, (_, i) => ({
      id: String(i + 1),
      pmp: maybe({ deals: [deal] }),
    })),
    site: maybe({ id: 'site-7', domain: 'news.example' }),
    device: maybe({
      ...random.pick([{ lmt: 0 }, { lmt: 1 }, { dnt: 1, lmt: 0 }, {}]),
      geo: { country: random.pick(['USA', 'FRA', 'BRA']) },
    }),
    regs: random() < 0.5 ? random.pick(REGS) : undefined,
    user: {
      buyeruid: random.pick(people),
      consent: random() < 0.5 ? random.pick(CONSENTS) : undefined,
      eids: maybe([{ source: 'pubcid.org', uids: [{ id: 'pub-1' }] }]),
      data: maybe([{ id: 'data-hill', name: 'hill.example', segment: [{ id: 'cars' }] }]),
    },
  }
  return JSON.parse(JSON.stringify(request))
}
