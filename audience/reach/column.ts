import { CHUNK_BITS, CHUNK_SIZE } from './bitmap.ts'

/** One whole number for each ordinal, 0 until it is set; grows in steps, so that growing never copies. */
export class Column {
  readonly #steps: Int32Array[] = []

  /** All of one chunk of a bitmap; undefined where none of them was set. Not to be written to. */
  chunk(at: number): Int32Array | undefined {
    return this.#steps[at]
  }

  get(ordinal: number): number {
    return this.#steps[ordinal >>> STEP_BITS]?.[ordinal & STEP_MASK] ?? 0
  }

  set(ordinal: number, value: number): void {
    const step = ordinal >>> STEP_BITS
    while (this.#steps.length <= step) this.#steps.push(new Int32Array(STEP))
    this.#steps[step]![ordinal & STEP_MASK] = value
  }
}

/** A step is a chunk. */
const STEP_BITS = CHUNK_BITS
const STEP = CHUNK_SIZE
const STEP_MASK = STEP - 1
