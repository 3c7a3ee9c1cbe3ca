import { type UsLayout, usLayoutOf } from '../../../../audience/consent/us-layouts.ts'
import { ALPHABET } from './bits.ts'

/** A US section's fields by their own names, in the form the IAB's libraries give: slowly, from the layout. */
export function rawUsFields(sectionId: number, text: string): Record<string, unknown> {
  const [core = '', sub] = text.split('.')
  const bits = bitsOf(core)
  const version = Number.parseInt(bits.slice(0, 6), 2)
  const layout = usLayoutOf(sectionId, version)!
  const fields: Record<string, unknown> = { Version: version, ...coreFields(layout, bits) }
  if (sub !== undefined && layout.subsection === 'gpc') fields['Gpc'] = bitsOf(sub)[2] === '1'
  if (layout.subsection === 'gpc' && sub === undefined) fields['Gpc'] = false
  if (sub !== undefined && layout.subsection === 'sensitive')
    fields['SensitiveDataProcessing'] = (bitsOf(sub).slice(0, 16).match(/../g) ?? []).map((two) =>
      Number.parseInt(two, 2),
    )
  return fields
}

function coreFields(layout: UsLayout, bits: string): Record<string, number | number[]> {
  const fields: Record<string, number | number[]> = {}
  layout.slots.forEach((name, i) => {
    const value = Number.parseInt(bits.slice(6 + 2 * i, 8 + 2 * i), 2)
    const before = fields[name]
    const isList = layout.slots.filter((one) => one === name).length > 1
    if (Array.isArray(before)) before.push(value)
    else fields[name] = isList ? [value] : value
  })
  return fields
}

function bitsOf(text: string): string {
  return [...text].map((c) => ALPHABET.indexOf(c).toString(2).padStart(6, '0')).join('')
}
