import { TC_STRING_CHARS_MAX } from './limits.ts'
import { PubRestrictions } from './pub-restrictions.ts'
import { bitsAt, SEXTET, segmentEnd } from './sextets.ts'
import { VendorSet } from './vendor-set.ts'

/**
 * An IAB TC string, versions 2.0–2.3, read lazily: only the sextets that an answer needs.
 *
 *     core . disclosedVendors . publisherTC           segments, split at dots; the core comes first
 *     │ 0 version 6 created … 120 list 12  policy 6  138 serviceSpecific … 152 purposes 24  176 LI 24
 *     │ 200 purposeOneTreatment  201 publisherCC 12  213 vendor consent │ vendor LI │ restrictions
 *
 * What it promises: every segment is as long as its own lengths say, so a cut string is unreadable;
 * on text of base64url characters and dots it answers what a full decoder answers; a foreign
 * character never reads as a yes. One object serves many strings.
 * Source: IAB Tech Lab, TCF "Consent string and vendor list formats v2".
 */
export class TcString {
  vendorListVersion = 0
  policyVersion = 0
  isServiceSpecific = false
  /** Purpose 1 was not asked for in this string: the publisher's country has its own law for it. */
  purposeOneTreatment = false
  /** Whether the string has a disclosedVendors segment. */
  hasDisclosed = false

  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  /** Purpose p is bit 24 - p. */
  #purposesConsent = 0
  #purposesLI = 0
  #seenSegments = 0
  readonly #vendorConsent = new VendorSet()
  readonly #vendorLI = new VendorSet()
  readonly #restrictions = new PubRestrictions()
  readonly #disclosed = new VendorSet()
  readonly #allowed = new VendorSet()

  /** Takes its place at a string; false where it is no readable TC string of version 2. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.hasDisclosed = false
    this.#disclosed.clear()
    this.#bytes = bytes
    this.#start = start
    if (end - start > TC_STRING_CHARS_MAX || bytes[start] !== VERSION_2) return false
    const coreEnd = segmentEnd(bytes, start, end)
    return (
      coreEnd - start >= CORE_CHARS_MIN &&
      this.#readHeader(bytes, start) &&
      this.#readCore(bytes, start, (coreEnd - start) * 6) &&
      this.#readSegments(bytes, coreEnd, end)
    )
  }

  #readHeader(bytes: Uint8Array, start: number): boolean {
    const s25 = SEXTET[bytes[start + 25]!]!
    const s29 = SEXTET[bytes[start + 29]!]!
    const s33 = SEXTET[bytes[start + 33]!]!
    const scope = SEXTET[bytes[start + 23]!]!
    const list = bitsAt(bytes, start, 120, 12)
    const policy = SEXTET[bytes[start + 22]!]!
    const consents = bitsAt(bytes, start, 156, 18)
    const interests = bitsAt(bytes, start, 180, 18)
    if ((s25 | s29 | s33 | scope | list | policy | consents | interests) < 0) return false
    this.vendorListVersion = list
    this.policyVersion = policy
    this.isServiceSpecific = scope >> 5 === 1
    this.#purposesConsent = ((s25 & 15) << 20) | (consents << 2) | (s29 >> 4)
    this.#purposesLI = ((s29 & 15) << 20) | (interests << 2) | (s33 >> 4)
    this.purposeOneTreatment = ((s33 >> 3) & 1) === 1
    return true
  }

  #readCore(bytes: Uint8Array, start: number, endBit: number): boolean {
    const liBit = this.#vendorConsent.read(bytes, start, VENDOR_CONSENT_BIT, endBit)
    if (liBit < 0) return false
    const restrictionsBit = this.#vendorLI.read(bytes, start, liBit, endBit)
    if (restrictionsBit < 0) return false
    return this.#restrictions.read(bytes, start, restrictionsBit, endBit) >= 0
  }

  #readSegments(bytes: Uint8Array, coreEnd: number, end: number): boolean {
    this.#seenSegments = 0
    let dot = coreEnd
    while (dot < end) {
      const start = dot + 1
      dot = segmentEnd(bytes, start, end)
      if (!this.#readSegment(bytes, start, dot)) return false
    }
    return true
  }

  /** Type 1 disclosedVendors, 2 allowedVendors (abolished, skipped), 3 publisherTC; each once. */
  #readSegment(bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return false
    const type = SEXTET[bytes[start]!]! >> 3
    if (type < 1 || type > 3 || (this.#seenSegments >> type) & 1) return false
    this.#seenSegments |= 1 << type
    const endBit = (end - start) * 6
    if (type === 3) return publisherFits(bytes, start, endBit)
    if (type === 2) return this.#allowed.read(bytes, start, TYPE_BITS, endBit) >= 0
    this.hasDisclosed = true
    return this.#disclosed.read(bytes, start, TYPE_BITS, endBit) >= 0
  }

  /** When the string was made; ms since the epoch, NaN where it cannot be read. */
  get createdMs(): number {
    return momentAt(this.#bytes, this.#start, 6)
  }

  /** When the string was last changed; ms since the epoch, NaN where it cannot be read. */
  get lastUpdatedMs(): number {
    return momentAt(this.#bytes, this.#start, 42)
  }

  /** The person consented to the purpose (1–24). */
  purposeConsent(purpose: number): boolean {
    return ((this.#purposesConsent >> (24 - purpose)) & 1) === 1
  }

  /** The purpose's legitimate interest was shown, and the person did not object. */
  purposeLI(purpose: number): boolean {
    return ((this.#purposesLI >> (24 - purpose)) & 1) === 1
  }

  /** The person consented to the vendor. */
  vendorConsent(vendor: number): boolean {
    return this.#vendorConsent.has(vendor)
  }

  /** The vendor's legitimate interest was shown, and the person did not object. */
  vendorLI(vendor: number): boolean {
    return this.#vendorLI.has(vendor)
  }

  /** The publisher's restrictions (bits of `Restriction`) of the purpose for the vendor. */
  restriction(purpose: number, vendor: number): number {
    return this.#restrictions.of(purpose, vendor)
  }

  /** The vendor was disclosed to the person; false where the segment is absent. */
  disclosed(vendor: number): boolean {
    return this.#disclosed.has(vendor)
  }
}

/** `C`: the version 2 in the first six bits. */
const VERSION_2 = 0x43
const VENDOR_CONSENT_BIT = 213
/** Header, two empty vendor sets of 17 bits and a restriction count of 12: 259 bits. */
const CORE_CHARS_MIN = 44
const TYPE_BITS = 3
/** Type, purposes consent and LI; then 6 bits count of custom purposes, two bits for each. */
const PUBLISHER_PURPOSES_BITS = TYPE_BITS + 24 + 24

function publisherFits(bytes: Uint8Array, start: number, endBit: number): boolean {
  if (PUBLISHER_PURPOSES_BITS + 6 > endBit) return false
  const custom = bitsAt(bytes, start, PUBLISHER_PURPOSES_BITS, 6)
  return custom >= 0 && PUBLISHER_PURPOSES_BITS + 6 + 2 * custom <= endBit
}

/** 36 bits of deciseconds. */
function momentAt(bytes: Uint8Array, start: number, bit: number): number {
  const high = bitsAt(bytes, start, bit, 18)
  const low = bitsAt(bytes, start, bit + 18, 18)
  return high < 0 || low < 0 ? Number.NaN : (high * 2 ** 18 + low) * 100
}
