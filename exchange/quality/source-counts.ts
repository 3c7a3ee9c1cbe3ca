import type { Counting } from '../counts/write-counts.ts'
import { QUALITY_LIMITS } from './limits.ts'
import {
  type CountedSource,
  SOURCE_MEASURE_NAMES,
  type SourceMeasure,
  sourceFieldName,
} from './measures.ts'

/** How often something was so. */
export type SourceTally = Partial<Record<SourceMeasure, number>>

/** What data quality is made of, counted where it happens: at the edge door, and at the desk. */
export class SourceCounts implements Counting {
  readonly #cells = new Map<string, { source: CountedSource; tally: SourceTally }>()
  #uncounted = 0

  add(source: CountedSource, more: SourceTally): void {
    const name = `${source.owner}|${source.id}`
    let cell = this.#cells.get(name)
    if (cell === undefined) {
      if (this.#cells.size === QUALITY_LIMITS.sourcesMax) {
        this.#uncounted += more.received ?? more.counted ?? 0
        return
      }
      const { id, owner } = source
      this.#cells.set(name, (cell = { source: { id, owner }, tally: {} }))
    }
    addTally(cell.tally, more)
  }

  /** Messages of more sources than are counted. */
  uncounted(): number {
    return this.#uncounted
  }

  takeFields(): { field: string; count: number }[] {
    const cells = [...this.#cells.values()]
    this.#cells.clear()
    return cells.flatMap(({ source, tally }) =>
      SOURCE_MEASURE_NAMES.flatMap((measure) => {
        const count = tally[measure] ?? 0
        return count === 0 ? [] : [{ field: sourceFieldName(measure, source), count }]
      }),
    )
  }
}

function addTally(to: SourceTally, more: SourceTally): void {
  for (const measure of SOURCE_MEASURE_NAMES) {
    const count = more[measure]
    if (count) to[measure] = (to[measure] ?? 0) + count
  }
}
