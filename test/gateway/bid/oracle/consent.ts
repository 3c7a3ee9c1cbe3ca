import type { SlowRequest } from './request-paths.ts'
import { GPP_STRINGS, TC_STRINGS } from './world.ts'

const GDPR_COUNTRIES = ['DEU', 'DE', 'GBR', 'CHE', 'FRA']
const COUNTRIES = [...GDPR_COUNTRIES, 'USA', 'US']

export interface Consent {
  /** The person may not be looked up for this buyer. */
  denied: boolean
  ifaUsable: boolean
  /** Whether a provider with this vendor id may have its own segments added. */
  allowsProvider(gvlId: number | undefined): boolean
}

/** The rules of docs/decisions/0003, read sentence by sentence; nothing here is shared with the house's own reading. */
export function consentOf(
  request: SlowRequest,
  buyer: { gvlId?: number; region: string },
): Consent {
  const { section2, isDenied: gppDenied } = readGpp(request)
  const strings: unknown[] = request
    .plain('user.consent', 'user.ext.consent')
    .filter((one) => one !== null && one !== '')
  const applies = gdprApplies(request, strings.length > 0, buyer.region)
  const allowed = [...strings, ...section2].map(
    (text) => TC_STRINGS.find(([tc]) => tc === text)?.[1],
  )
  const allows = (gvlId: number | undefined): boolean =>
    !applies ||
    (gvlId !== undefined && allowed.length > 0 && allowed.every((ids) => ids?.includes(gvlId)))
  return {
    denied: outright(request) || gppDenied || !allows(buyer.gvlId),
    ifaUsable: request
      .plain('device.ext.atts')
      .every((atts) => atts === 3 || atts === '3' || atts === null),
    allowsProvider: allows,
  }
}

/** 0, "0" and false say no; null and "" nothing; what is anything else may mean yes. */
function says(values: unknown[]): { yes: boolean; no: boolean } {
  const said = values.filter((one) => one !== null && one !== '')
  const isNo = (one: unknown) => one === 0 || one === '0' || one === false
  return { yes: said.some((one) => !isNo(one)), no: said.some(isNo) }
}

function outright(request: SlowRequest): boolean {
  const flags = [
    ['regs.coppa', 'regs.ext.coppa'],
    ['device.lmt'],
    ['device.dnt'],
    ['regs.gpc', 'regs.ext.gpc'],
  ]
  if (flags.some((paths) => says(request.plain(...paths)).yes)) return true
  return request
    .plain('regs.us_privacy', 'regs.ext.us_privacy')
    .some((one) => (typeof one === 'string' ? /^..[Yy]/.test(one) : says([one]).yes))
}

function gdprApplies(request: SlowRequest, hasString: boolean, region: string): boolean {
  const gdpr = says(request.plain('regs.gdpr', 'regs.ext.gdpr'))
  if (sidsOf(request).ids.includes(2) || gdpr.yes) return true
  if (gdpr.no) return false
  const known = (path: string) =>
    request.plain(path).filter((one) => COUNTRIES.includes(String(one).toUpperCase()))
  const device = known('device.geo.country')
  const countries = device.length > 0 ? device : known('user.geo.country')
  const isInside = countries.some((one) => GDPR_COUNTRIES.includes(String(one).toUpperCase()))
  return hasString || isInside || region === 'DEU'
}

function sidsOf(request: SlowRequest): { ids: number[]; unreadable: boolean } {
  const ids: number[] = []
  let unreadable = false
  for (const value of request.plain('regs.gpp_sid', 'regs.ext.gpp_sid'))
    for (const one of Array.isArray(value) ? value : [value]) {
      if (
        one === null ||
        one === '' ||
        (typeof one === 'number' && Number.isInteger(one) && one <= 0)
      )
        continue
      if (typeof one === 'number' && Number.isInteger(one)) ids.push(one)
      else unreadable = true
    }
  return { ids, unreadable }
}

/** Every string must hold every section named, readable and not opted out. */
function readGpp(request: SlowRequest): { isDenied: boolean; section2: string[] } {
  const { ids, unreadable } = sidsOf(request)
  const section2: string[] = []
  if (unreadable) return { isDenied: true, section2 }
  if (ids.length === 0) return { isDenied: false, section2 }
  const strings = request
    .plain('regs.gpp', 'regs.ext.gpp')
    .filter((one) => one !== null && one !== '')
  let isDenied = strings.length === 0
  for (const text of strings) {
    const sections = GPP_STRINGS.find(([gpp]) => gpp === text)?.[1]
    for (const id of ids) {
      const section = sections?.[id]
      if (section === undefined || section === false) isDenied = true
      if (typeof section === 'string') section2.push(section)
    }
  }
  return { isDenied, section2 }
}
