import type { LiveContract, SegmentUse } from '../buyer-view.ts'
import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { LINE_BYTES_MAX, POSITION_BYTES_MAX, type TokenContent } from './token-descriptor.ts'

/** Whether units under a contract arise from notices, so that its answers carry a token. */
export function billsOnNotice({ terms }: LiveContract): boolean {
  return terms.billOn !== 'delivered'
}

/**
 * Gathers what one token says, as far as it may grow: what no longer fits cannot be billed, so it must
 * not be given.
 */
export class TokenDraft {
  readonly #positions = new Map<LiveContract, number[]>()
  #bytes = LINE_BYTES_MAX

  get isEmpty(): boolean {
    return this.#positions.size === 0
  }

  /** False, and nothing done, where there is no room. */
  add({ contract, segment }: SegmentUse): boolean {
    const known = this.#positions.get(contract)
    const bytes = POSITION_BYTES_MAX + (known ? 0 : LINE_BYTES_MAX)
    if (this.#bytes + bytes > LIMITS.tokenBytesMax) return false
    this.#bytes += bytes
    const position = positionIn(contract.terms, segment)
    if (known) known.push(position)
    else this.#positions.set(contract, [position])
    return true
  }

  content(buyer: number, deal = ''): TokenContent {
    const lines = [...this.#positions].map(([{ id, terms }, positions]) => ({
      contract: id,
      version: terms.version,
      positions: positions.sort((a, b) => a - b),
    }))
    return { buyer, deal, lines }
  }
}

const positions = new WeakMap<ContractRecord, ReadonlyMap<string, number>>()

function positionIn(terms: ContractRecord, segment: string): number {
  let known = positions.get(terms)
  if (!known) positions.set(terms, (known = new Map(terms.segments.map((id, i) => [id, i]))))
  return known.get(segment)!
}
