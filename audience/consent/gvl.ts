import { readFile, stat } from 'node:fs/promises'
import { type Problem, Refused } from '../refusal.ts'
import { checker, type Static, Type } from '../schema.ts'
import { Declared } from './legal-basis.ts'
import { GVL_BYTES_MAX, GVL_ID_MAX } from './limits.ts'

/**
 * A Global Vendor List, compiled so that a question is three array reads. Specification 2 or 3
 * (IAB Europe, vendor-list.consensu.org). A vendor with a deletion date counts as deleted at once,
 * also where the date is still to come.
 */
export class Gvl {
  readonly specification: number
  readonly version: number
  /** Vendors that are not deleted. */
  readonly vendors: number
  /** By vendor id; purpose p is bit p. */
  readonly #consent: Int32Array
  readonly #interest: Int32Array
  readonly #flexible: Int32Array

  constructor(list: VendorListFile) {
    const vendors = Object.values(list.vendors).filter((vendor) => vendor.deletedDate == null)
    const size = 1 + Math.max(0, ...vendors.map((vendor) => vendor.id))
    this.specification = list.gvlSpecificationVersion
    this.version = list.vendorListVersion
    this.vendors = vendors.length
    this.#consent = new Int32Array(size)
    this.#interest = new Int32Array(size)
    this.#flexible = new Int32Array(size)
    for (const vendor of vendors) {
      this.#consent[vendor.id] = maskOf(vendor.purposes)
      this.#interest[vendor.id] = maskOf(vendor.legIntPurposes)
      this.#flexible[vendor.id] = maskOf(vendor.flexiblePurposes ?? [])
    }
  }

  /** What the vendor declared for the purpose: bits of `Declared`, 0 where it is not in the list. */
  declared(vendor: number, purpose: number): number {
    if (vendor >= this.#consent.length) return Declared.nothing
    return (
      ((this.#consent[vendor]! >> purpose) & 1) * Declared.consent +
      ((this.#interest[vendor]! >> purpose) & 1) * Declared.legitimateInterest +
      ((this.#flexible[vendor]! >> purpose) & 1) * Declared.flexible
    )
  }
}

const PURPOSES_MAX = 24
const purposes = Type.Array(Type.Integer({ minimum: 1, maximum: PURPOSES_MAX }))
const VendorListSchema = Type.Object({
  gvlSpecificationVersion: Type.Union([Type.Literal(2), Type.Literal(3)]),
  vendorListVersion: Type.Integer({ minimum: 1 }),
  vendors: Type.Record(
    Type.String(),
    Type.Object({
      id: Type.Integer({ minimum: 1, maximum: GVL_ID_MAX }),
      purposes,
      legIntPurposes: purposes,
      flexiblePurposes: Type.Optional(purposes),
      deletedDate: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    }),
  ),
})
/** The parts of a vendor list that are read. */
export type VendorListFile = Static<typeof VendorListSchema>
const problemsOf = checker(VendorListSchema)

/** Reads a vendor list from a file; refused (`unprocessable`) with the file's name and what is wrong. */
export async function loadGvl(path: string): Promise<Gvl> {
  const list = parsed(path, await textOf(path))
  const problems = problemsOf(list)
  if (problems.length > 0) throw refused(path, problems)
  const file = list as VendorListFile
  const strays = Object.entries(file.vendors).filter(([key, vendor]) => key !== String(vendor.id))
  if (strays.length > 0)
    throw refused(
      path,
      strays.map(([key]) => ({ field: `vendors.${key}.id`, reason: 'is not its key' })),
    )
  return new Gvl(file)
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= GVL_BYTES_MAX) return await readFile(path, 'utf8')
  } catch (error) {
    throw refused(path, [{ field: '', reason: `cannot be read: ${(error as Error).message}` }])
  }
  throw refused(path, [{ field: '', reason: `is larger than ${GVL_BYTES_MAX} bytes` }])
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refused(path, [{ field: '', reason: `is not JSON: ${(error as Error).message}` }])
  }
}

function refused(path: string, problems: readonly Problem[]): Refused {
  const named = problems.map(({ field, reason }) => ({
    field: field === '' ? path : `${path}: ${field}`,
    reason,
  }))
  return new Refused('unprocessable', named)
}

function maskOf(purposes: readonly number[]): number {
  return purposes.reduce((mask, purpose) => mask | (1 << purpose), 0)
}
