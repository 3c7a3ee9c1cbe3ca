import { LayeredMap } from '../audience/store/layered-map.ts'
import type { ParsedDeal } from './compile-deals.ts'
import { Dated } from './dated.ts'
import { type Changes, type Groups, regroup, replaced } from './groups.ts'

/**
 * Deals that the same buyer may be shown on the same exchange, by id, so that every process writes them
 * in the same order. Each is filed under segments without which its audience cannot hold, so that a
 * request looks only at deals of segments its person has: under each of `any`, else under one of `all`.
 */
export class DealList extends Dated<ParsedDeal> {
  readonly #byAny: Groups<string, ParsedDeal>
  #byAll: ReadonlyMap<string, readonly ParsedDeal[]> | undefined
  #withoutAudience: readonly ParsedDeal[] | undefined
  #sellers: ReadonlySet<string> | undefined

  private constructor(all: readonly ParsedDeal[], byAny: Groups<string, ParsedDeal>) {
    super(all)
    this.#byAny = byAny
  }

  static of(known: DealList | undefined, changes: Changes<ParsedDeal>): DealList {
    const all = replaced(known?.all ?? [], { ...changes, gone: new Set(changes.gone) })
    const sorted = [...all].sort((a, b) => (a.id < b.id ? -1 : 1))
    const before = known ? known.#byAny : LayeredMap.empty<string, readonly ParsedDeal[]>()
    return new DealList(
      sorted,
      regroup(before, changes, (deal) => new Set(deal.any)),
    )
  }

  /** Partner ids. */
  get sellers(): ReadonlySet<string> {
    this.#sellers ??= new Set(this.all.map(({ record }) => record.seller))
    return this.#sellers
  }

  get withoutAudience(): readonly ParsedDeal[] {
    this.#withoutAudience ??= this.all.filter(
      ({ any, all, none }) => any.length + all.length + none.length === 0,
    )
    return this.#withoutAudience
  }

  /** Deals that only somebody in this segment can get. */
  under(segment: string): readonly ParsedDeal[] {
    this.#byAll ??= this.#fileByAll()
    const any = this.#byAny.get(segment)
    const all = this.#byAll.get(segment)
    if (!any || !all) return any ?? all ?? NONE
    return [...any, ...all]
  }

  #fileByAll(): ReadonlyMap<string, readonly ParsedDeal[]> {
    const filed = new Map<string, ParsedDeal[]>()
    for (const deal of this.all) {
      if (deal.any.length > 0 || deal.all.length === 0) continue
      const segment = this.#emptiest(deal.all, filed)
      const others = filed.get(segment)
      if (others) others.push(deal)
      else filed.set(segment, [deal])
    }
    return filed
  }

  /** Of segments that must all hold, the one with the fewest deals under it yet. */
  #emptiest(
    segments: readonly string[],
    filed: ReadonlyMap<string, readonly ParsedDeal[]>,
  ): string {
    let best = segments[0]!
    let fewest = Number.POSITIVE_INFINITY
    for (const segment of segments) {
      const deals = (this.#byAny.get(segment)?.length ?? 0) + (filed.get(segment)?.length ?? 0)
      if (deals < fewest) {
        fewest = deals
        best = segment
      }
    }
    return best
  }
}

const NONE: readonly never[] = []
