import { ALPHABET } from './bits.ts'

/** Everything a TC string says, decoded whole: slow and simple, to hold the lazy reader against. */
export interface FullTc {
  created: number
  lastUpdated: number
  vlv: number
  policy: number
  isServiceSpecific: boolean
  purposeOneTreatment: boolean
  purposes: Set<number>
  li: Set<number>
  vendors: Set<number>
  liVendors: Set<number>
  restrictions: { purpose: number; type: number; vendors: Set<number> }[]
  disclosed: Set<number> | undefined
}

/** Decodes strictly: undefined for what is cut, foreign, of another version, or contradicts itself. */
export function fullDecode(text: string): FullTc | undefined {
  try {
    const [first = '', ...others] = text.split('.')
    const tc = core(new Cursor(first))
    const seen = new Set<number>()
    for (const other of others) {
      const cursor = new Cursor(other)
      const type = cursor.int(3)
      if (type < 1 || type > 3 || seen.has(type)) return undefined
      seen.add(type)
      if (type === 3) {
        cursor.int(24)
        cursor.int(24)
        cursor.set(2 * cursor.int(6))
      } else {
        const vendors = vendorSet(cursor)
        if (type === 1) tc.disclosed = vendors
      }
    }
    return tc
  } catch {
    return undefined
  }
}

function core(cursor: Cursor): FullTc {
  if (cursor.int(6) !== 2) throw new Error('version')
  const created = cursor.int(36)
  const lastUpdated = cursor.int(36)
  cursor.int(42)
  const vlv = cursor.int(12)
  const policy = cursor.int(6)
  const isServiceSpecific = cursor.int(1) === 1
  cursor.int(13)
  const purposes = cursor.set(24)
  const li = cursor.set(24)
  const purposeOneTreatment = cursor.int(1) === 1
  cursor.int(12)
  const vendors = vendorSet(cursor)
  const liVendors = vendorSet(cursor)
  const restrictions = Array.from({ length: cursor.int(12) }, () => ({
    purpose: cursor.int(6),
    type: cursor.int(2),
    vendors: ranges(cursor, 65_535),
  }))
  return {
    created: created * 100,
    lastUpdated: lastUpdated * 100,
    vlv,
    policy,
    isServiceSpecific,
    purposeOneTreatment,
    purposes,
    li,
    vendors,
    liVendors,
    restrictions,
    disclosed: undefined,
  }
}

function vendorSet(cursor: Cursor): Set<number> {
  const maxId = cursor.int(16)
  return cursor.int(1) === 1 ? ranges(cursor, maxId) : cursor.set(maxId)
}

function ranges(cursor: Cursor, maxId: number): Set<number> {
  const ids = new Set<number>()
  for (let left = cursor.int(12); left > 0; left--) {
    const isRange = cursor.int(1) === 1
    const first = cursor.int(16)
    const last = isRange ? cursor.int(16) : first
    if (first === 0 || last < first || last > maxId) throw new Error('range')
    for (let id = first; id <= last; id++) ids.add(id)
  }
  return ids
}

class Cursor {
  readonly #bits: string
  #at = 0

  constructor(text: string) {
    this.#bits = [...text].map((letter) => sextet(letter).toString(2).padStart(6, '0')).join('')
  }

  int(count: number): number {
    return count === 0 ? 0 : Number.parseInt(this.#take(count), 2)
  }

  set(count: number): Set<number> {
    const ids = new Set<number>()
    ;[...this.#take(count)].forEach((bit, i) => {
      if (bit === '1') ids.add(i + 1)
    })
    return ids
  }

  #take(count: number): string {
    if (this.#at + count > this.#bits.length) throw new Error('cut')
    this.#at += count
    return this.#bits.slice(this.#at - count, this.#at)
  }
}

function sextet(letter: string): number {
  const value = ALPHABET.indexOf(letter)
  if (value < 0) throw new Error('foreign')
  return value
}
