import type { UserKey } from '../store/store.ts'
import { KEY_WORDS, keyOf } from './user-key.ts'

/** There is no room for one more key. */
export const NO_ROOM = -1

/** A bounded list of different keys, four words each, in one typed array. Reused: nothing is allocated. */
export class KeyList {
  readonly words: Uint32Array
  readonly max: number
  count = 0

  constructor(max: number) {
    this.max = max
    this.words = new Uint32Array(max * KEY_WORDS)
  }

  reset(): void {
    this.count = 0
  }

  /** Index of the key at `words[at … at+3]`, which is added where it is not there yet; or NO_ROOM. */
  add(words: Uint32Array, at: number): number {
    const own = this.words
    const last = this.count * KEY_WORDS
    for (let w = 0; w < last; w += KEY_WORDS) {
      if (
        own[w] === words[at] &&
        own[w + 1] === words[at + 1] &&
        own[w + 2] === words[at + 2] &&
        own[w + 3] === words[at + 3]
      )
        return w / KEY_WORDS
    }
    if (this.count === this.max) return NO_ROOM
    for (let i = 0; i < KEY_WORDS; i++) own[last + i] = words[at + i]!
    return this.count++
  }

  /** All keys as stores take them. */
  keys(): UserKey[] {
    const keys: UserKey[] = []
    for (let i = 0; i < this.count; i++) keys.push(keyOf(this.words, i * KEY_WORDS))
    return keys
  }
}
