/**
 * How the US sections of a GPP string are laid out: field names of the section specifications in
 * order, each two bits wide after the version's six, with how often a list repeats. And which of the
 * MSPA US National (usnat, version 2) terms each field means, since the rules are written in those.
 * Source: IAB Tech Lab, Global Privacy Platform, Sections/US-National and Sections/US-States.
 */

/** usnat terms by position in `UsSection.fields`. */
export const UsField = {
  SharingNotice: 0,
  SaleOptOutNotice: 1,
  SharingOptOutNotice: 2,
  TargetedAdvertisingOptOutNotice: 3,
  SensitiveDataProcessingOptOutNotice: 4,
  SensitiveDataLimitUseNotice: 5,
  SaleOptOut: 6,
  SharingOptOut: 7,
  TargetedAdvertisingOptOut: 8,
  PersonalDataConsents: 9,
  MspaServiceProviderMode: 10,
  /** Of the late state sections, in place of the two MSPA modes: 2 is service provider mode. */
  MspaMode: 11,
  /** From the sub-section: 1 set, 0 not. */
  Gpc: 12,
  /** usnat's consents: ages 13–16, under 13, 16–17. */
  KnownChild1: 13,
  KnownChild2: 14,
  KnownChild3: 15,
  /** Of a state section: all its child consents at once, 0 where none says anything. */
  StateChild: 16,
  /** Sensitive data categories 1–16 follow. */
  Sensitive1: 17,
} as const
export const US_FIELDS_COUNT = UsField.Sensitive1 + 16

export interface UsLayout {
  /** Client side API prefix, e.g. `usnat`. */
  readonly name: string
  readonly version: number
  /** Name of each two-bit slot after the version; a list's name repeats. */
  readonly slots: readonly string[]
  /** For each slot, the usnat fields it sets. */
  readonly meanings: readonly (readonly number[])[]
  /** What may follow the core after a dot: a GPC flag, or the sensitive data consents. */
  readonly subsection: 'gpc' | 'sensitive'
}

/** Eight categories in the common order of the state laws, which is usnat's. */
const EIGHT = [1, 2, 3, 4, 5, 6, 7, 8]
const MSPA = 'MspaCoveredTransaction MspaOptOutOptionMode MspaServiceProviderMode'
const EARLY_STATE =
  'SharingNotice SaleOptOutNotice TargetedAdvertisingOptOutNotice SaleOptOut TargetedAdvertisingOptOut'
const STATE =
  'ProcessingNotice SaleOptOutNotice TargetedAdvertisingOptOutNotice SaleOptOut TargetedAdvertisingOptOut'
const SDP = 'SensitiveDataProcessing'
const CHILD = 'KnownChildSensitiveDataConsents'
const MORE = 'AdditionalDataProcessingConsent'
const NATIONAL =
  'SharingNotice SaleOptOutNotice SharingOptOutNotice TargetedAdvertisingOptOutNotice ' +
  'SensitiveDataProcessingOptOutNotice SensitiveDataLimitUseNotice ' +
  'SaleOptOut SharingOptOut TargetedAdvertisingOptOut'
const LATE_STATE = `MspaCoveredTransaction MspaMode ${STATE}`

/** Layouts by section id; usnat has two versions, the others one. */
const LAYOUTS = new Map<number, readonly UsLayout[]>([
  [7, [national(1, 12, 2), national(2, 16, 3)]],
  [8, [california()]],
  [9, [state('usva', `${EARLY_STATE} ${SDP}:8 ${CHILD}:1 ${MSPA}`, EIGHT)]],
  [10, [state('usco', `${EARLY_STATE} ${SDP}:7 ${CHILD}:1 ${MSPA}`, EIGHT)]],
  [11, [utah()]],
  [12, [state('usct', `${EARLY_STATE} ${SDP}:8 ${CHILD}:3 ${MSPA}`, EIGHT)]],
  [13, [state('usfl', `${STATE} ${SDP}:8 ${CHILD}:3 ${MORE} ${MSPA}`, EIGHT)]],
  [14, [state('usmt', `${EARLY_STATE} ${SDP}:8 ${CHILD}:3 ${MORE} ${MSPA}`, EIGHT)]],
  // Oregon: 5 transgender or nonbinary, 6 citizenship, 7 national origin, 8 victim of a crime, 9 genetic, 10 biometric, 11 geolocation.
  [
    15,
    [
      state(
        'usor',
        `${STATE} ${SDP}:11 ${CHILD}:3 ${MORE} ${MSPA}`,
        [1, 2, 3, 4, 16, 5, 15, 14, 6, 7, 8],
      ),
    ],
  ],
  [16, [state('ustx', `${STATE} ${SDP}:8 ${CHILD}:1 ${MORE} ${MSPA}`, EIGHT)]],
  // Delaware: 5 transgender or nonbinary, then citizenship, genetic, biometric, geolocation.
  [
    17,
    [state('usde', `${STATE} ${SDP}:9 ${CHILD}:5 ${MORE} ${MSPA}`, [1, 2, 3, 4, 16, 5, 6, 7, 8])],
  ],
  [18, [iowa()]],
  [19, [state('usne', `${STATE} ${SDP}:8 ${CHILD}:1 ${MORE} ${MSPA}`, EIGHT)]],
  [20, [state('usnh', `${STATE} ${SDP}:8 ${CHILD}:3 ${MORE} ${MSPA}`, EIGHT)]],
  // New Jersey: 9 transgender or nonbinary, 10 financial account.
  [
    21,
    [
      state(
        'usnj',
        `${STATE} ${SDP}:10 ${CHILD}:5 ${MORE} ${MSPA}`,
        [1, 2, 3, 4, 5, 6, 7, 8, 16, 10],
      ),
    ],
  ],
  [22, [state('ustn', `${STATE} ${SDP}:8 ${CHILD}:1 ${MORE} ${MSPA}`, EIGHT)]],
  [23, [state('usmn', `${STATE} ${SDP}:8 ${CHILD}:1 ${MORE} ${MSPA}`, EIGHT)]],
  [24, [state('usmd', `${LATE_STATE} ${MORE}`, [])]],
  [25, [withConsents('usin')]],
  [26, [withConsents('usky')]],
  [27, [withConsents('usri')]],
])

/** First and last section id with a layout. */
export const US_SECTION_FIRST = 7
export const US_SECTION_LAST = 27

/** The layout of a US section in this version; of its newest where the version is not known. */
export function usLayoutOf(sectionId: number, version: number): UsLayout | undefined {
  const layouts = LAYOUTS.get(sectionId)
  return layouts?.find((one) => one.version === version) ?? layouts?.at(-1)
}

function national(version: number, sensitive: number, children: number): UsLayout {
  const fields = `${NATIONAL} ${SDP}:${sensitive} ${CHILD}:${children} PersonalDataConsents ${MSPA}`
  const same = Array.from({ length: sensitive }, (_, i) => i + 1)
  return { ...layout('usnat', fields, same.map(alone)), version }
}

/** California's sensitive categories have an order of their own; one of them covers two of usnat's. */
function california(): UsLayout {
  const fields =
    `SaleOptOutNotice SharingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut ` +
    `${SDP}:9 ${CHILD}:2 PersonalDataConsents ${MSPA}`
  return layout('usca', fields, [[9], [10], [8], [1, 2], [12], [6], [7], [3], [4]])
}

function utah(): UsLayout {
  const fields =
    `SharingNotice SaleOptOutNotice TargetedAdvertisingOptOutNotice SensitiveDataProcessingOptOutNotice ` +
    `SaleOptOut TargetedAdvertisingOptOut ${SDP}:8 ${CHILD}:1 ${MSPA}`
  return state('usut', fields, [1, 2, 4, 5, 3, 6, 7, 8])
}

function iowa(): UsLayout {
  const fields =
    `ProcessingNotice SaleOptOutNotice TargetedAdvertisingOptOutNotice SensitiveDataOptOutNotice ` +
    `SaleOptOut TargetedAdvertisingOptOut ${SDP}:8 ${CHILD}:1 ${MSPA}`
  return state('usia', fields, EIGHT)
}

/** Indiana, Kentucky, Rhode Island: sensitive data consents stand in a sub-section of their own. */
function withConsents(name: string): UsLayout {
  return { ...state(name, `${LATE_STATE} ${CHILD}:1 ${MORE}`, []), subsection: 'sensitive' }
}

function state(name: string, fields: string, categories: number[]): UsLayout {
  return layout(name, fields, categories.map(alone))
}

function alone(category: number): number[] {
  return [category]
}

/** `categories`: for each of the section's sensitive categories, those of usnat that it covers. */
function layout(name: string, fields: string, categories: number[][]): UsLayout {
  const slots: string[] = []
  const meanings: number[][] = []
  for (const field of fields.split(' ')) {
    const [fieldName = '', times = '1'] = field.split(':')
    for (let i = 0; i < Number(times); i++) {
      slots.push(fieldName)
      meanings.push(meaningsOf(name, fieldName, i, categories))
    }
  }
  return { name, version: 1, slots, meanings, subsection: 'gpc' }
}

function meaningsOf(name: string, field: string, i: number, categories: number[][]): number[] {
  if (field === SDP) return (categories[i] ?? []).map((one) => UsField.Sensitive1 + one - 1)
  if (field === CHILD) return [name === 'usnat' ? UsField.KnownChild1 + i : UsField.StateChild]
  if (field === 'SensitiveDataOptOutNotice') return [UsField.SensitiveDataProcessingOptOutNotice]
  return field in UsField ? [UsField[field as keyof typeof UsField]] : []
}
