import { LIMITS } from '../limits.ts'
import type { Line } from './line-splitter.ts'

/** What an import answers. Lines count from 1. */
export interface ImportReport {
  /** Good lines; all of them durable. */
  accepted: number
  /** Bad lines, of which nothing was kept. */
  rejected: number
  /** The first LIMITS.importErrorsMax of them, in order. */
  errors: LineError[]
}

export interface LineError {
  line: number
  reason: string
  /** Where it is one field's, and the lines have fields. */
  field?: string
}

/** Why a line is bad. */
export type LineRefusal = Omit<LineError, 'line'>

/** `L`: what comes in, numbered from 1. */
export interface ImportSteps<T, L> {
  /** What a line says, or a sentence why it is bad; undefined for one that is no entry (a header). */
  read(line: L): { value: T } | LineRefusal | undefined
  /**
   * Keeps a batch, in order; resolves once it is durable, with a sentence for each that was refused
   * (at its index).
   */
  write(batch: readonly T[]): Promise<readonly (string | LineRefusal | undefined)[]>
  /** All up to this line is read, and what was good of it written: so whoever notes lines need not hold them longer. */
  passed?(line: number): Promise<void>
}

/**
 * One import under way, in bounded memory: while a batch is being written the next is read, and no
 * further. Batches are written one after the other, so that the last word on an id is the last line's.
 */
export class ImportRun<T, L extends { number: number } = Line> {
  readonly #steps: ImportSteps<T, L>
  readonly #report: ImportReport = { accepted: 0, rejected: 0, errors: [] }
  #values: T[] = []
  #numbers: number[] = []
  /** Lines taken in since the last batch, good or bad, and the number of the last. */
  #taken = 0
  #last = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(steps: ImportSteps<T, L>) {
    this.#steps = steps
  }

  /** Reads to the end. Rejects when the source or the store does; what was written by then stays. */
  async run(source: AsyncIterable<readonly L[]>): Promise<ImportReport> {
    try {
      for await (const lines of source) {
        for (const line of lines) this.#take(line)
        if (this.#taken >= LIMITS.batchLines) await this.#flush()
      }
      await this.#flush()
    } finally {
      await this.#writing
    }
    return this.report()
  }

  /** How many good and bad lines there were by now. */
  counts(): Pick<ImportReport, 'accepted' | 'rejected'> {
    const { accepted, rejected } = this.#report
    return { accepted, rejected }
  }

  /** As it stands: what was accepted by now is durable. */
  report(): ImportReport {
    const errors = [...this.#report.errors].sort((a, b) => a.line - b.line)
    return { ...this.#report, errors }
  }

  #take(line: L): void {
    this.#taken++
    this.#last = line.number
    const read = this.#steps.read(line)
    if (read === undefined) return
    if ('reason' in read) this.#reject(line.number, read)
    else {
      this.#values.push(read.value)
      this.#numbers.push(line.number)
    }
  }

  async #flush(): Promise<void> {
    await this.#writing
    const batch = { values: this.#values, numbers: this.#numbers, last: this.#last }
    this.#values = []
    this.#numbers = []
    if (this.#taken === 0) return
    this.#taken = 0
    this.#writing = this.#write(batch)
    // Awaited by the next flush; a rejection before that must not count as unheard.
    this.#writing.catch(() => undefined)
  }

  async #write({ values, numbers, last }: Batch<T>): Promise<void> {
    const refusals = values.length > 0 ? await this.#steps.write(values) : []
    for (const [i, number] of numbers.entries()) {
      const refusal = refusals[i]
      if (refusal === undefined) this.#report.accepted++
      else this.#reject(number, typeof refusal === 'string' ? { reason: refusal } : refusal)
    }
    await this.#steps.passed?.(last)
  }

  #reject(line: number, refusal: LineRefusal): void {
    this.#report.rejected++
    if (this.#report.errors.length < LIMITS.importErrorsMax)
      this.#report.errors.push({ line, ...refusal })
  }
}

interface Batch<T> {
  values: readonly T[]
  /** Of their lines. */
  numbers: readonly number[]
  last: number
}
