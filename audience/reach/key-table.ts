import { KEY_WORDS, keyOf, readKey } from '../people/user-key.ts'
import type { UserKey } from '../store/store.ts'

/**
 * Gives ids dense numbers (ordinals), in the order in which they come. Keys are kept whole and compared
 * whole. They are keyed hashes, so that their words tell the part and the place in it; parts are small, so that
 * none takes long to grow.
 */
export class KeyTable {
  readonly #keys: Uint32Array[] = []
  readonly #parts: Part[] = Array.from({ length: PARTS }, () => ({
    count: 0,
    places: new Int32Array(PLACES_LEAST),
  }))
  readonly #words = new Uint32Array(KEY_WORDS)
  #size = 0

  /** How many ids have a number. */
  get size(): number {
    return this.#size
  }

  /** The id's number, or -1. */
  find(key: Uint8Array): number {
    readKey(key, this.#words, 0)
    const { places } = this.#partOfWords()
    return places[this.#placeIn(places)]! - 1
  }

  /** The id's number; one that had none gets the next. */
  take(key: Uint8Array): number {
    readKey(key, this.#words, 0)
    const part = this.#partOfWords()
    const place = this.#placeIn(part.places)
    const known = part.places[place]!
    if (known > 0) return known - 1
    const ordinal = this.#size++
    part.places[place] = ordinal + 1
    if (this.#keys.length <= ordinal >>> STEP_BITS)
      this.#keys.push(new Uint32Array(STEP * KEY_WORDS))
    this.#keys[ordinal >>> STEP_BITS]!.set(this.#words, (ordinal & STEP_MASK) * KEY_WORDS)
    if (++part.count * 2 > part.places.length) this.#grow(part)
    return ordinal
  }

  keyAt(ordinal: number): UserKey {
    return keyOf(this.#keys[ordinal >>> STEP_BITS]!, (ordinal & STEP_MASK) * KEY_WORDS)
  }

  #partOfWords(): Part {
    return this.#parts[this.#words[0]! & (PARTS - 1)]!
  }

  /** Where the key in `#words` stands, or would: the places after the one it asks for are tried in turn. */
  #placeIn(places: Int32Array): number {
    const mask = places.length - 1
    let place = (this.#words[1]! ^ this.#words[3]!) & mask
    while (places[place] !== 0 && !this.#isAt(places[place]! - 1)) place = (place + 1) & mask
    return place
  }

  #isAt(ordinal: number): boolean {
    const keys = this.#keys[ordinal >>> STEP_BITS]!
    const at = (ordinal & STEP_MASK) * KEY_WORDS
    for (let i = 0; i < KEY_WORDS; i++) if (keys[at + i] !== this.#words[i]) return false
    return true
  }

  #grow(part: Part): void {
    const places = new Int32Array(part.places.length * 2)
    const mask = places.length - 1
    for (const taken of part.places) {
      if (taken === 0) continue
      const keys = this.#keys[(taken - 1) >>> STEP_BITS]!
      const at = ((taken - 1) & STEP_MASK) * KEY_WORDS
      let place = (keys[at + 1]! ^ keys[at + 3]!) & mask
      while (places[place] !== 0) place = (place + 1) & mask
      places[place] = taken
    }
    part.places = places
  }
}

interface Part {
  count: number
  /** Ordinal + 1; 0 where free. A power of two of them, at most half taken. */
  places: Int32Array
}

const PARTS = 1_024
const PLACES_LEAST = 8
const STEP_BITS = 14
const STEP = 1 << STEP_BITS
const STEP_MASK = STEP - 1
