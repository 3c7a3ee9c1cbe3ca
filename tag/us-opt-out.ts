/** Sections of a GPP string as a consent tool reads them: one object, or one of each of its segments. */
export type ParsedSections = Record<string, unknown>

const OPT_OUTS = ['SaleOptOut', 'SharingOptOut', 'TargetedAdvertisingOptOut']

/** Of a law of the United States, by any section that applies. */
export function isOptedOutOf(sections: ParsedSections = {}): boolean {
  return Object.keys(sections).some((name) => {
    const section = sectionOf(sections, name)
    return section['Gpc'] === true || OPT_OUTS.some((field) => section[field] === 1)
  })
}

export function sectionOf(
  sections: ParsedSections | undefined,
  name: string,
): Record<string, unknown> {
  const section = sections?.[name]
  return Object.assign({}, ...(Array.isArray(section) ? section : [section]))
}
