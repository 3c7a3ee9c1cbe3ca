/** No namespace has this number. */
export const NO_NAMESPACE = 0

/**
 * Namespace numbers by eid source, looked up by the source's bytes as they stand in a request, so
 * that no text is made of them. Sources are domains: A to Z are taken as a to z.
 */
export class EidTable {
  /** Slot → index of an entry plus one; 0 where empty. Twice as many slots as entries, at least. */
  readonly #slots: Uint32Array
  readonly #hashes: number[] = []
  readonly #names: Uint8Array[] = []
  readonly #numbers: number[] = []

  /** `sources`: source in lower case → namespace number. */
  constructor(sources: ReadonlyMap<string, number>) {
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * sources.size + 1)))
    for (const [source, number] of sources) this.#add(Buffer.from(source), number)
  }

  /** The number of the namespace whose source is `bytes[start … end)`; NO_NAMESPACE where none is. */
  numberOf(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end)
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1
      if (entry < 0) return NO_NAMESPACE
      if (this.#hashes[entry] === hash && isName(this.#names[entry]!, bytes, start, end))
        return this.#numbers[entry]!
    }
  }

  #add(name: Uint8Array, number: number): void {
    const hash = hashOf(name, 0, name.length)
    this.#hashes.push(hash)
    this.#names.push(name)
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = this.#numbers.push(number)
  }
}

/** FNV-1a over the lower-cased bytes, begun with their number. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start)
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ lower(bytes[i]!), 0x01000193)
  return hash >>> 0
}

function isName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let i = 0; i < name.length; i++) if (name[i] !== lower(bytes[start + i]!)) return false
  return true
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte
}
