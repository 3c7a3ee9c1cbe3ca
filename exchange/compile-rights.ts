import { calendarIn } from '../audience/calendar.ts'
import type { LiveContract } from './buyer-view.ts'
import { cheapestContract, olderFirst } from './cheapest-contract.ts'
import type { Caps } from './compile-caps.ts'
import {
  type BuyerContracts,
  type CompiledContract,
  type Contracts,
  isLive,
} from './compile-contracts.ts'
import type { Needs } from './compile-licences.ts'
import type { Partners } from './compile-partners.ts'
import type { CompiledSegment, Segments } from './compile-segments.ts'
import { dayText } from './moment.ts'
import { Period } from './period.ts'

/** The parts of a compiled catalog from which rights follow. */
export interface Parts {
  readonly partners: Partners
  readonly segments: Segments
  readonly contracts: Contracts
  readonly caps: Caps
  readonly needs: Needs
}

/** When and where a right is asked for. */
export interface RightsAt {
  readonly nowMs: number
  /** Lists of regions that cover the country asked for. */
  readonly covered: ReadonlySet<string>
  /** What was given lately is counted; without that nothing is given under a contract with caps. */
  readonly counted: boolean
}

/**
 * Which shared segments one partner may have in bids now: under a live contract for `bid_enrichment`,
 * both sides active, and the seller the segment's owner. Worked out segment by segment, when asked.
 */
export class Rights {
  /** In which no contract of this buyer begins or ends, or runs out of a day's units. */
  readonly period: Period
  /** Ids of segments, asked for so far, that only a reached cap keeps from this buyer. */
  readonly capped = new Set<string>()
  readonly #parts: Parts
  readonly #at: RightsAt
  readonly #contracts: BuyerContracts | undefined
  readonly #live = new Map<CompiledContract, LiveContract>()

  constructor(parts: Parts, buyer: string, at: RightsAt) {
    this.#parts = parts
    this.#at = at
    if (parts.partners.byId.get(buyer)?.active) this.#contracts = parts.contracts.byBuyer.get(buyer)
    this.period = new Period(at.nowMs)
    if (this.#contracts) this.period.narrow(this.#contracts.periodAt(at.nowMs))
    parts.caps.narrow(this.period, buyer)
  }

  /** The contract a segment is had under; undefined where there is none. */
  contractFor({ id, owner }: CompiledSegment): LiveContract | undefined {
    const candidates = this.#contracts?.bySegment.get(id)
    if (!candidates || !this.#parts.partners.byId.get(owner)?.active) return undefined
    const live = candidates.filter(
      (contract) =>
        contract.record.seller === owner && isLive(contract, 'bid_enrichment', this.#at),
    )
    const open = live.filter((contract) => this.#hasUnitsLeft(contract))
    if (open.length > 0) return this.#onDay(cheapestContract(open))
    if (live.length > 0) this.capped.add(id)
    return undefined
  }

  /**
   * The contracts under which this buyer may be told ids: live for `identity`, of active sellers, no cap reached;
   * one for each seller, and the oldest first.
   */
  identity(): LiveContract[] {
    const { partners } = this.#parts
    const live = (this.#contracts?.all ?? []).filter(
      (contract) =>
        isLive(contract, 'identity', this.#at) &&
        partners.byId.get(contract.record.seller)?.active &&
        this.#hasUnitsLeft(contract),
    )
    const sellers = new Set(live.map(({ record }) => record.seller))
    return [...sellers]
      .map((seller) => cheapestContract(live.filter(({ record }) => record.seller === seller)))
      .sort(olderFirst)
      .map((contract) => this.#onDay(contract))
  }

  /** Ids of the segments that any contract of this buyer names. */
  segments(): Iterable<string> {
    return this.#contracts?.bySegment.keys() ?? []
  }

  #hasUnitsLeft({ id, record }: CompiledContract): boolean {
    const { counted, nowMs } = this.#at
    if (!counted && record.caps?.length) return false
    return !this.#parts.caps.isReached(id, nowMs)
  }

  /** What is delivered is counted by days: no period outlasts them (BuyerContracts). */
  #onDay(contract: CompiledContract): LiveContract {
    let live = this.#live.get(contract)
    if (!live) {
      const { id, record: terms } = contract
      const isCounted = terms.billOn === 'delivered'
      const day = isCounted ? dayText(calendarIn(terms.timeZone).dayOf(this.#at.nowMs)) : ''
      this.#live.set(contract, (live = { id, terms, day }))
    }
    return live
  }
}
