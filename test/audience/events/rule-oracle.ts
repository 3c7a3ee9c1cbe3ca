import { calendarIn } from '../../../audience/calendar.ts'
import { dayOf } from '../../../audience/clock.ts'
import { expiryDayOf } from '../../../audience/people/memberships.ts'
import { ruleHolds } from '../../../audience/rules/evaluate.ts'
import { type Expression, segmentsOf, traitsOf } from '../../../audience/rules/expression.ts'

const calendar = calendarIn('Europe/Paris')
/** Days traits remember, and segments hold, in these tests. */
export const TRAIT_DAYS = 12
export const DAYS = { client: 9, vipClient: 25 }

/** Everything that happened, and two rules asked of all of it: of segment 101, and of 102, which may ask for it. */
export class RuleOracle {
  vipDay = 0
  readonly #client: Expression
  readonly #vipClient: Expression
  readonly #reach: Set<string>
  readonly #wider: Set<string>
  readonly #happened = new Map<string, number[]>()

  constructor(clientRule: Expression, vipClientRule: Expression) {
    this.#client = clientRule
    this.#vipClient = vipClientRule
    this.#reach = traitsOf(clientRule)
    this.#wider = traitsOf(vipClientRule)
    if (segmentsOf(vipClientRule).has('client'))
      for (const trait of this.#reach) this.#wider.add(trait)
  }

  note(who: number, trait: string, atMs: number): void {
    const name = `${who} ${trait}`
    this.#happened.set(name, [...(this.#happened.get(name) ?? []), atMs])
  }

  segments(who: number, nowMs: number): number[] {
    const reach = this.#reach
    const isClient = this.#isIn(this.#client, { who, nowMs, reach, ttlDays: DAYS.client })
    const members = new Set(isClient ? ['client'] : [])
    if (who < 3 && dayOf(nowMs) < this.vipDay) members.add('vip')
    const asked = { who, nowMs, reach: this.#wider, ttlDays: DAYS.vipClient, members }
    const isVipClient = this.#isIn(this.#vipClient, asked)
    return [...(isClient ? [101] : []), ...(isVipClient ? [102] : [])]
  }

  #isIn(
    rule: Expression,
    {
      who,
      nowMs,
      reach,
      ttlDays,
      members = new Set(),
    }: {
      who: number
      nowMs: number
      reach: ReadonlySet<string>
      ttlDays: number
      members?: ReadonlySet<string>
    },
  ): boolean {
    const shown = (trait: string) => this.#shown(who, trait, nowMs)
    const lastMs = Math.max(...[...reach].flatMap((trait) => shown(trait).map(({ atMs }) => atMs)))
    if (lastMs === Number.NEGATIVE_INFINITY || dayOf(nowMs) >= expiryDayOf(lastMs, ttlDays))
      return false
    const history = {
      shown,
      property: () => [],
      memberSinceMs: (segment: string) => (members.has(segment) ? 0 : undefined),
    }
    return ruleHolds(rule, history, { nowMs, calendar })
  }

  #shown(who: number, trait: string, nowMs: number) {
    const oldestDay = calendar.dayOf(nowMs) - TRAIT_DAYS
    const live = (this.#happened.get(`${who} ${trait}`) ?? []).filter(
      (atMs) => calendar.dayOf(atMs) >= oldestDay,
    )
    return live.sort((a, b) => a - b).map((atMs) => ({ atMs, count: 1 }))
  }
}
