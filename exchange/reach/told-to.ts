import type { Interval } from '../../audience/events/estimate-rule.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import { type Actor, isExchange, sees } from '../desk/desk.ts'
import { LIMITS } from '../limits.ts'
import { whyDormant } from '../live-contracts.ts'
import { type Rate, rateOf } from '../matchrates/rate.ts'

/**
 * What of reach a caller may be told, and how exactly: the exchange's operators everything to the unit; a
 * partner the segments it owns, or has a live contract with use `overlap` for, in whole steps.
 */
export class ToldTo {
  /** Counts are rounded down to a multiple of it. */
  readonly step: number
  readonly #actor: Actor
  readonly #snapshot: CatalogSnapshot
  readonly #live: ContractRecord[]

  constructor(actor: Actor, snapshot: CatalogSnapshot, nowMs: number) {
    this.#actor = actor
    this.#snapshot = snapshot
    this.step = isExchange(actor) ? 1 : LIMITS.sizeStep
    this.#live = isExchange(actor) ? [] : liveContractsOf(actor, snapshot, nowMs)
  }

  /** The segment, where the caller may be told of it. */
  segment(id: string): Segment | undefined {
    const segment = this.#snapshot.kind('segment').get(id)?.value as Segment | undefined
    if (!segment) return undefined
    const isTheirs = sees(this.#actor, segment.owner)
    const { partner } = this.#actor
    const isOverlap = ({ buyer, uses, segments }: ContractRecord) =>
      buyer === partner && uses.includes('overlap') && segments.includes(id)
    return isTheirs || this.#live.some(isOverlap) ? segment : undefined
  }

  /** Whether the caller may be told what reaches this partner: itself, or one it sells to. */
  knowsCouple(partner: string): boolean {
    const { partner: own } = this.#actor
    if (isExchange(this.#actor) || partner === own) return true
    return this.#live.some(({ seller, buyer }) => seller === own && buyer === partner)
  }

  people(count: number): number {
    return Math.floor(count / this.step) * this.step
  }

  interval({ count, low, high }: Interval): Interval {
    return { count: this.people(count), low: this.people(low), high: this.people(high) }
  }

  rate(count: number, of: number): Rate {
    return rateOf(this.people(count), this.people(of))
  }
}

function liveContractsOf(actor: Actor, snapshot: CatalogSnapshot, nowMs: number): ContractRecord[] {
  return [...snapshot.kind('contract').values()]
    .map(({ value }) => value as ContractRecord)
    .filter(({ seller, buyer }) => sees(actor, seller, buyer))
    .filter((contract) => whyDormant(snapshot, contract, nowMs).length === 0)
}
