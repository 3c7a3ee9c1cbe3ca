import { US_SECTION_CHARS_MAX } from './limits.ts'
import { bitsAt, segmentEnd } from './sextets.ts'
import { US_FIELDS_COUNT, UsField, type UsLayout, usLayoutOf } from './us-layouts.ts'

/** A field that the section does not have: it satisfies no rule. */
export const ABSENT = 255

const VERSION_BITS = 6
const SLOT_BITS = 2
const GPC_TYPE = 1
const SENSITIVE_CONSENTS = 8

/** A US section of a GPP string, read into usnat terms. One object serves many sections. */
export class UsSection {
  /** What the section's fields mean in usnat, by `UsField`; ABSENT where it has no such field. */
  readonly fields = new Uint8Array(US_FIELDS_COUNT)
  /**
   * The section is of a version known here, no field has a value outside its vocabulary, and only
   * zeros follow its fields. Another section may be laid out otherwise: it is not relied on.
   */
  isSound = false

  #bytes: Uint8Array = new Uint8Array(0)

  /** Reads the section in its span; false where it is cut, has foreign characters, or is none. */
  read(sectionId: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.fields.fill(ABSENT)
    this.isSound = true
    this.#bytes = bytes
    const coreEnd = segmentEnd(bytes, start, end)
    if (coreEnd === start || end - start > US_SECTION_CHARS_MAX) return false
    const version = bitsAt(bytes, start, 0, VERSION_BITS)
    const layout = usLayoutOf(sectionId, version)
    if (version < 0 || layout === undefined) return false
    if (version !== layout.version) this.isSound = false
    if (!this.#readCore(layout, start, coreEnd)) return false
    return coreEnd === end || this.#readSubsection(layout, coreEnd + 1, end)
  }

  #readCore(layout: UsLayout, start: number, end: number): boolean {
    const endBit = (end - start) * 6
    let bit = VERSION_BITS
    if (bit + layout.slots.length * SLOT_BITS > endBit) return false
    for (const meanings of layout.meanings) {
      const value = bitsAt(this.#bytes, start, bit, SLOT_BITS)
      if (value < 0) return false
      if (value === 3) this.isSound = false
      for (const field of meanings) this.#set(field, value)
      bit += SLOT_BITS
    }
    return this.#restIsZero(start, bit, endBit)
  }

  /** Child consents of a state count together: what any of them says is kept. */
  #set(field: number, value: number): void {
    const before = this.fields[field]!
    this.fields[field] = field === UsField.StateChild && before !== ABSENT ? before | value : value
  }

  #restIsZero(start: number, from: number, endBit: number): boolean {
    for (let bit = from; bit < endBit; bit++) {
      const value = bitsAt(this.#bytes, start, bit, 1)
      if (value < 0) return false
      if (value === 1) this.isSound = false
    }
    return true
  }

  #readSubsection(layout: UsLayout, start: number, end: number): boolean {
    if (start === end || segmentEnd(this.#bytes, start, end) !== end) return false
    return layout.subsection === 'gpc'
      ? this.#readGpc(start)
      : this.#readConsents(start, (end - start) * 6)
  }

  #readGpc(start: number): boolean {
    const typeAndFlag = bitsAt(this.#bytes, start, 0, 3)
    if (typeAndFlag >> 1 !== GPC_TYPE) return false
    this.fields[UsField.Gpc] = typeAndFlag & 1
    return true
  }

  #readConsents(start: number, endBit: number): boolean {
    if (SENSITIVE_CONSENTS * SLOT_BITS > endBit) return false
    for (let i = 0; i < SENSITIVE_CONSENTS; i++) {
      const value = bitsAt(this.#bytes, start, i * SLOT_BITS, SLOT_BITS)
      if (value < 0) return false
      if (value === 3) this.isSound = false
      this.fields[UsField.Sensitive1 + i] = value
    }
    return true
  }
}
