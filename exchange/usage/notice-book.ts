import type { Clock } from '../../audience/clock.ts'
import { LIMITS } from '../limits.ts'
import type { NoticeRecord } from './ledger-record.ts'
import type { NoticeIgnored, NoticeRefusal } from './notice-reasons.ts'
import { type OpenedToken, openToken } from './open-token.ts'
import { carriedBy, knownIds, type NoticeGiven, readSaid } from './read-notice.ts'
import type { TokenKeys } from './token-seal.ts'
import { ToldImps } from './told-imps.ts'
import type { UsageLedger } from './usage-ledger.ts'
import type { UsageTerms } from './usage-terms.ts'

export interface NoticeBookOptions {
  ledger: UsageLedger
  clock: Clock
  /** Undefined until the root secret is known. */
  keys(): TokenKeys | undefined
  /** Undefined until a catalog is loaded. */
  terms(): UsageTerms | undefined
  onIgnored?: (why: NoticeIgnored) => void
}

/** Number of the partner whose key stood beside the token; undefined where none did. */
export type Caller = number | undefined

/**
 * Takes notices: each is checked against its token and written to the ledger. Whether it makes a unit is
 * decided when the ledger is tallied, by answer, imp and kind: a notice may come twice, late, or before
 * another. What came a moment ago word for word is not written again.
 */
export class NoticeBook {
  readonly #options: NoticeBookOptions
  /** By what a notice says: when it is durable. The oldest leave. */
  readonly #recent = new Map<string, Promise<void>>()
  readonly #told = new ToldImps()

  constructor(options: NoticeBookOptions) {
    this.#options = options
  }

  /** Resolves, once the notice is durable, with undefined; or at once with why it is not taken. */
  async take(given: NoticeGiven, caller: Caller): Promise<NoticeRefusal | undefined> {
    const keys = this.#options.keys()
    const terms = this.#options.terms()
    if (given.t === '') return 'no_token'
    if (keys === undefined || terms === undefined) return 'starting'
    const token = openToken(given.t, keys)
    if (token === undefined) return 'bad_token'
    const refusal = this.#refusalOf(token, caller)
    if (refusal !== undefined) return refusal
    const record = this.#recordOf(given, token, { terms, isBuyer: caller !== undefined })
    if (typeof record === 'string') return record
    if (token.isTest) {
      this.#options.onIgnored?.('test')
      return undefined
    }
    const isNamed = record.imp !== ''
    if (isNamed && !this.#told.admits(`${record.answer}${record.what}`, record.imp, token.imps))
      return 'too_many_imps'
    return this.#write(record)
  }

  #refusalOf({ atS, buyer }: OpenedToken, caller: Caller): NoticeRefusal | undefined {
    const ageS = this.#options.clock.now() / 1000 - atS
    if (ageS > LIMITS.tokenAgeSMax) return 'expired'
    if (ageS < -LIMITS.tokenSkewSMax) return 'from_future'
    return caller !== undefined && caller !== buyer ? 'foreign_key' : undefined
  }

  #recordOf(
    given: NoticeGiven,
    token: OpenedToken,
    { terms, isBuyer }: { terms: UsageTerms; isBuyer: boolean },
  ): NoticeRecord | NoticeRefusal {
    const said = readSaid(given, isBuyer)
    if (typeof said === 'string') return said
    const carried = carriedBy(token, terms)
    if (carried === undefined) return 'unknown_terms'
    const { used } = said
    // What made a deal's audience true was never written into the request.
    if (used !== undefined && token.deal === '') {
      said.used = knownIds(used, carried, terms)
      for (let i = said.used.length; i < used.length; i++)
        this.#options.onIgnored?.('unknown_segment')
    }
    return {
      kind: 'notice',
      what: given.what,
      answer: token.id,
      answeredS: token.atS,
      buyer: token.buyer,
      exchange: token.exchange,
      ...said,
      // Two who name the only impression differently mean the same one.
      ...(token.imps === 1 ? { imp: '' } : { imps: token.imps }),
      carried,
      receivedMs: this.#options.clock.now(),
    }
  }

  async #write(record: NoticeRecord): Promise<NoticeRefusal | undefined> {
    const { ledger, onIgnored } = this.#options
    if (ledger.isBehind()) return 'ledger'
    const name = nameOf(record)
    let written = this.#recent.get(name)
    if (written !== undefined) onIgnored?.('repeated')
    else this.#keep(name, (written = ledger.append(record)))
    try {
      await written
      return undefined
    } catch {
      this.#recent.delete(name)
      return 'ledger'
    }
  }

  #keep(name: string, written: Promise<void>): void {
    if (this.#recent.size >= LIMITS.recentNoticesMax)
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest)
        break
      }
    this.#recent.set(name, written)
  }
}

/** All that a notice says of its own; what its token says follows from the answer. */
function nameOf({ what, by, answer, price, used, imp }: NoticeRecord): string {
  return JSON.stringify([what, by, answer, price?.micros, price?.currency, used, imp])
}
