import { GppModel } from '@iabgpp/cmpapi'
import type { Random } from './random.ts'

// What people in the United States say over GPP, written by the IAB's own library, and what that means for a profile: Prebid's
// rules for `transmitUfpd` as its documentation has them (prebid.github.io, features/mspa-usnat.md), in the words of each section.
// Nothing here is shared with the house's own reading.

export interface UsSaid {
  gpp: string
  gpp_sid: number[]
  /** The person may not be looked up. */
  isDenied: boolean
}

/** Ids of sections by their names. */
const SECTIONS = {
  ...{ usnat: 7, usca: 8, usva: 9, usco: 10, usut: 11, usct: 12, usfl: 13, usmt: 14, usor: 15 },
  ...{ ustx: 16, usde: 17, usia: 18, usne: 19, usnh: 20, usnj: 21, ustn: 22, usmn: 23 },
} as const
type Name = keyof typeof SECTIONS
const NAMES = Object.keys(SECTIONS) as Name[]

/** Which categories of the national section those of a state are; of the others no sensitive data is said here. */
const upTo = (last: number) => Array.from({ length: last }, (_, i) => [i + 1])
const CATEGORIES: Partial<Record<Name, number[][]>> = {
  usnat: upTo(16),
  usca: [[9], [10], [8], [1, 2], [12], [6], [7], [3], [4]],
  ...{ usva: upTo(8), usco: upTo(7), usct: upTo(8) },
  usut: [[1], [2], [4], [5], [3], [6], [7], [8]],
}

type Fields = Record<string, number | boolean | number[]>

/** A string of one section or two, of which one or both count; half of the sections allow. */
export function usSaid(random: Random): UsSaid {
  const model = new GppModel()
  const names = new Set([random.pick(NAMES), ...(random() < 0.3 ? [random.pick(NAMES)] : [])])
  const meant = [...names].map((name) => ({ name, fields: fieldsSaid(name, random) }))
  for (const { name, fields } of meant)
    for (const [field, value] of Object.entries(fields)) model.setFieldValue(name, field, value)
  const named = meant.length > 1 && random() < 0.5 ? meant.slice(1) : meant
  return {
    gpp: model.encode(),
    gpp_sid: named.map(({ name }) => SECTIONS[name]),
    isDenied: named.some(({ name, fields }) => isDenied(name, fields)),
  }
}

/** Of somebody who was told everything and opted out of nothing, but for up to three fields. */
function fieldsSaid(name: Name, random: Random): Fields {
  const model = new GppModel()
  model.setFieldValue(name, 'SaleOptOut', 0)
  const fields = structuredClone(model.getSection(name)) as Fields
  for (const field of Object.keys(fields)) {
    if (/Notice$/.test(field)) fields[field] = 1
    if (/^(Sale|Sharing|TargetedAdvertising)OptOut$/.test(field)) fields[field] = 2
  }
  const said = Object.keys(fields).filter((field) => mayBeSaid(name, field))
  for (let left = random() < 0.5 ? 0 : 1 + random.int(3); left > 0; left--) {
    const field = random.pick(said)
    const before = fields[field]!
    if (typeof before === 'boolean') fields[field] = true
    else if (Array.isArray(before)) before[random.int(before.length)] = random.int(3)
    else fields[field] = random.int(3)
  }
  return fields
}

function mayBeSaid(name: Name, field: string): boolean {
  if (/^(Version|GpcSegment.*|MspaCoveredTransaction)$/.test(field)) return false
  return field !== 'SensitiveDataProcessing' || CATEGORIES[name] !== undefined
}

function isDenied(name: Name, fields: Fields): boolean {
  const is = (value: number, ...names: string[]) => names.some((field) => fields[field] === value)
  const voidWithout = (notice: string, optOut: string) => is(0, notice) && is(2, optOut)
  return (
    fields['Gpc'] === true ||
    is(1, 'SaleOptOut', 'SharingOptOut', 'TargetedAdvertisingOptOut', 'MspaServiceProviderMode') ||
    is(2, 'SaleOptOutNotice', 'SharingNotice', 'SharingOptOutNotice') ||
    is(2, 'TargetedAdvertisingOptOutNotice', 'PersonalDataConsents') ||
    voidWithout('SaleOptOutNotice', 'SaleOptOut') ||
    voidWithout('SharingNotice', 'SharingOptOut') ||
    voidWithout('SharingOptOutNotice', 'SharingOptOut') ||
    voidWithout('TargetedAdvertisingOptOutNotice', 'TargetedAdvertisingOptOut') ||
    isKnownChild(name, [fields['KnownChildSensitiveDataConsents'] ?? []].flat() as number[]) ||
    isSensitive(name, fields)
  )
}

/** Of the national section: 13 to 16 without consent, under 13 in any case, 16 and 17 without consent. Of a state: any. */
function isKnownChild(name: Name, said: number[]): boolean {
  if (name !== 'usnat') return said.some((one) => one !== 0)
  return said[0] === 1 || said[1] !== 0 || said[2] === 1
}

/** The last is Iowa's. */
const SENSITIVE_NOTICES = [
  'SensitiveDataProcessingOptOutNotice',
  'SensitiveDataLimitUseNotice',
  'SensitiveDataOptOutNotice',
]
const [EVEN_WITH_CONSENT, LOCATION] = [[6, 7, 9, 10, 12, 14, 16], 8]

function isSensitive(name: Name, fields: Fields): boolean {
  const notices = SENSITIVE_NOTICES.map((field) => fields[field])
  if (notices.includes(2)) return true
  const said = (fields['SensitiveDataProcessing'] ?? []) as number[]
  return (CATEGORIES[name] ?? []).some((categories, i) =>
    categories
      .filter((one) => one !== LOCATION)
      .some(
        (one) =>
          said[i] === 1 ||
          (said[i] === 2 && (EVEN_WITH_CONSENT.includes(one) || notices.includes(0))),
      ),
  )
}
