/** One whole number for each ordinal, 0 until it is set; grows in steps, so that growing never copies. */
export class Column {
  readonly #steps: Int32Array[] = []

  get(ordinal: number): number {
    return this.#steps[ordinal >>> STEP_BITS]?.[ordinal & STEP_MASK] ?? 0
  }

  set(ordinal: number, value: number): void {
    const step = ordinal >>> STEP_BITS
    while (this.#steps.length <= step) this.#steps.push(new Int32Array(STEP))
    this.#steps[step]![ordinal & STEP_MASK] = value
  }
}

const STEP_BITS = 14
const STEP = 1 << STEP_BITS
const STEP_MASK = STEP - 1
