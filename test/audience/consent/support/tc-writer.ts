import { Bits } from './bits.ts'

/** What a TC string says, for writing one. Vendors as ids; `ranges` writes them as given instead. */
export interface TcModel {
  version?: number
  created?: string
  lastUpdated?: string
  vlv?: number
  policy?: number
  isServiceSpecific?: boolean
  purposeOneTreatment?: boolean
  purposes?: number[]
  li?: number[]
  vendors?: VendorsModel
  liVendors?: VendorsModel
  restrictions?: { purpose: number; type: number; ranges: [number, number][] }[]
  disclosed?: VendorsModel
  allowed?: VendorsModel
  publisherCustomPurposes?: number
}

export type VendorsModel = number[] | { maxId: number; ranges: [number, number][] }

/** The string; segments in the order core, disclosed, allowed, publisher. */
export function tcText(model: TcModel): string {
  const parts = [core(model)]
  if (model.disclosed) parts.push(segment(1, model.disclosed))
  if (model.allowed) parts.push(segment(2, model.allowed))
  if (model.publisherCustomPurposes !== undefined) {
    const count = model.publisherCustomPurposes
    const bits = new Bits().int(3, 3).int(24, 0).int(24, 0).int(6, count)
    parts.push(bits.set(2 * count, [1]).base64url())
  }
  return parts.join('.')
}

function core(model: TcModel): string {
  const created = model.created ?? '2026-04-01'
  const bits = new Bits()
    .int(6, model.version ?? 2)
    .int(36, deciseconds(created))
    .int(36, deciseconds(model.lastUpdated ?? created))
    .int(12, 31)
    .int(12, 1)
    .int(6, 1)
    .int(12, 0)
    .int(12, model.vlv ?? 17)
    .int(6, model.policy ?? 5)
    .int(1, (model.isServiceSpecific ?? true) ? 1 : 0)
    .int(1, 0)
    .int(12, 0)
    .set(24, model.purposes ?? [])
    .set(24, model.li ?? [])
    .int(1, model.purposeOneTreatment ? 1 : 0)
    .int(12, 0)
  vendors(bits, model.vendors ?? [])
  vendors(bits, model.liVendors ?? [])
  const restrictions = model.restrictions ?? []
  bits.int(12, restrictions.length)
  for (const one of restrictions) {
    bits.int(6, one.purpose).int(2, one.type)
    ranges(bits, one.ranges)
  }
  return bits.base64url()
}

function segment(type: number, list: VendorsModel): string {
  const bits = new Bits().int(3, type)
  vendors(bits, list)
  return bits.base64url()
}

function vendors(bits: Bits, list: VendorsModel): void {
  if (Array.isArray(list)) {
    const maxId = Math.max(0, ...list)
    bits.int(16, maxId).int(1, 0).set(maxId, list)
  } else {
    bits.int(16, list.maxId).int(1, 1)
    ranges(bits, list.ranges)
  }
}

function ranges(bits: Bits, list: [number, number][]): void {
  bits.int(12, list.length)
  for (const [first, last] of list)
    if (first === last) bits.int(1, 0).int(16, first)
    else bits.int(1, 1).int(16, first).int(16, last)
}

function deciseconds(date: string): number {
  return Math.round(Date.parse(date) / 100)
}
