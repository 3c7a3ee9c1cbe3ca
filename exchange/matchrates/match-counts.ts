import type { Candidates } from '../../audience/people/candidates.ts'
import type { CompiledPartner } from '../compile-partners.ts'
import type { Counting } from '../counts/write-counts.ts'
import { BROWSER_CLASSES, type BrowserNumber } from './browser-class.ts'
import { RATE_LIMITS } from './limits.ts'
import { MEASURE_NAMES, type Measure, type RateField, rateFieldName } from './measures.ts'

type Counted = Pick<CompiledPartner, 'number' | 'namespace'>

/** What one visit of a page says of one partner it asked for. */
export interface Visit {
  /** Consent allows the sync. */
  isAllowed: boolean
  /** The browser has a live match, or an id in `eids` has. */
  isMatched: boolean
  /** There is none, or it is to be renewed. */
  isDue: boolean
}

/** How often something happened since it was last asked. */
export interface Taken extends RateField {
  count: number
}

/**
 * What match rates are made of, counted where it happens: at the edge door for syncs, on the bid path for bids. A
 * count is one addition to a cell that is there from the second time on.
 */
export class MatchCounts implements Counting {
  /** By partner and browser class: a cell for each namespace. Partners have small numbers, one after another. */
  #cells: (Cell[] | undefined)[] = []
  #size = 0
  #request = 0
  #uncounted = 0

  visit(partner: Counted, browser: BrowserNumber, { isAllowed, isMatched, isDue }: Visit): void {
    const cell = this.#cell(partner.number, browser, partner.namespace)
    if (cell === undefined) return
    if (!isAllowed) {
      cell.counts[DENIED]!++
      return
    }
    cell.counts[VISITS]!++
    if (isMatched) cell.counts[LIVE]!++
    if (isDue) cell.counts[DUE]!++
  }

  /** A sync was handed to a browser. */
  offered(partner: Counted, browser: BrowserNumber): void {
    const cell = this.#cell(partner.number, browser, partner.namespace)
    if (cell !== undefined) cell.counts[OFFERED]!++
  }

  /** A browser came back from a sync with an id that was taken. */
  matched(partner: Counted, browser: BrowserNumber): void {
    const cell = this.#cell(partner.number, browser, partner.namespace)
    if (cell !== undefined) cell.counts[MATCHED]!++
  }

  /**
   * A bid request of a partner was looked up. `foundBy`: which of the candidates was known; -1: none. However
   * many ids of a namespace it names, it counts there once.
   */
  bid(partner: number, browser: BrowserNumber, candidates: Candidates, foundBy: number): void {
    const request = ++this.#request
    const place = partner * BROWSER_CLASSES.length + browser
    const cells = this.#cells[place] ?? NO_CELLS
    const any = cellOf(cells, ANY_NAMESPACE) ?? this.#add(place, ANY_NAMESPACE)
    if (any !== undefined) note(any, request, foundBy >= 0)
    const { count, namespace } = candidates
    const found = foundBy < 0 ? ANY_NAMESPACE : namespace[foundBy]!
    for (let i = 0; i < count; i++) {
      const one = namespace[i]!
      const cell = cellOf(cells, one) ?? this.#cell(partner, browser, one)
      if (cell !== undefined && cell.request !== request) note(cell, request, one === found)
    }
  }

  /** What belonged to more combinations than are counted. */
  uncounted(): number {
    return this.#uncounted
  }

  /** Everything counted since the last time; from now on it counts from 0. */
  take(): Taken[] {
    const taken: Taken[] = []
    for (const [place, cells = []] of this.#cells.entries()) {
      const partner = Math.floor(place / BROWSER_CLASSES.length)
      const browser = place % BROWSER_CLASSES.length
      for (const { namespace, counts } of cells)
        for (const [i, measure] of MEASURE_NAMES.entries())
          if (counts[i] !== 0)
            taken.push({ measure, partner, browser, namespace, count: counts[i]! })
      for (const { counts } of cells) counts.fill(0)
    }
    // Partners come and go: what is counted again has its place again.
    if (this.#size === RATE_LIMITS.cellsMax) this.#begin()
    return taken
  }

  takeFields(): { field: string; count: number }[] {
    return this.take().map(({ count, ...field }) => ({ field: rateFieldName(field), count }))
  }

  #cell(partner: number, browser: BrowserNumber, namespace: number): Cell | undefined {
    const place = partner * BROWSER_CLASSES.length + browser
    return cellOf(this.#cells[place] ?? NO_CELLS, namespace) ?? this.#add(place, namespace)
  }

  #add(place: number, namespace: number): Cell | undefined {
    if (this.#size === RATE_LIMITS.cellsMax) {
      this.#uncounted++
      return undefined
    }
    this.#size++
    const cell = { namespace, counts: new Float64Array(MEASURE_NAMES.length), request: 0 }
    ;(this.#cells[place] ??= []).push(cell)
    return cell
  }

  #begin(): void {
    this.#cells = []
    this.#size = 0
  }
}

interface Cell {
  readonly namespace: number
  /** By place in MEASURE_NAMES. */
  readonly counts: Float64Array
  /** The last request that was counted here. */
  request: number
}

const NO_CELLS: readonly Cell[] = []
const ANY_NAMESPACE = 0

function cellOf(cells: readonly Cell[], namespace: number): Cell | undefined {
  for (let i = 0; i < cells.length; i++) if (cells[i]!.namespace === namespace) return cells[i]
  return undefined
}

function note(cell: Cell, request: number, isFound: boolean): void {
  cell.request = request
  cell.counts[NAMED]! += 1
  if (isFound) cell.counts[FOUND]! += 1
}

const at = (measure: Measure) => MEASURE_NAMES.indexOf(measure)
const VISITS = at('visits')
const DENIED = at('denied')
const LIVE = at('live')
const DUE = at('due')
const OFFERED = at('offered')
const MATCHED = at('matched')
const NAMED = at('named')
const FOUND = at('found')
