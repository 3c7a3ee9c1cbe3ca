import type { Audience } from '../../audience/audience.ts'
import { type Estimate, estimateRule, type Interval } from '../../audience/events/estimate-rule.ts'
import { rulesFor } from '../../audience/events/rules-for.ts'
import { RuleText } from '../../audience/events/trait.ts'
import { LIMITS as AUDIENCE_LIMITS } from '../../audience/limits.ts'
import { refuse } from '../../audience/refusal.ts'
import { LIMITS as RULE_LIMITS } from '../../audience/rules/limits.ts'
import { printExpression } from '../../audience/rules/print-expression.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { Segment } from '../../audience/segment.ts'
import { ownerOf } from '../collect/owner-of.ts'
import { closed, OperatorId } from '../fields.ts'
import { type Rate, rateOf } from '../matchrates/rate.ts'
import { ToldTo } from '../reach/told-to.ts'
import { refuseBadRule, ruleOf } from './check-rule.ts'
import { type Actor, type DeskDeps, sees, snapshotOf } from './desk.ts'
import { ownSegment } from './own-segment.ts'
import { refuseUnknownOwner } from './owned.ts'
import { checkedBody } from './write-record.ts'

/** Body of `POST /api/segments/estimate`: a segment there is, or a rule that is tried out. */
export const EstimateBody = closed({
  segment: Type.Optional(OperatorId),
  owner: Type.Optional(OperatorId),
  rule: Type.Optional(RuleText),
  ttlDays: Type.Optional(Type.Integer({ minimum: 1, maximum: AUDIENCE_LIMITS.ttlDaysMax })),
})
type EstimateBody = Static<typeof EstimateBody>

const checkBody = checker(EstimateBody)

/** How many people a rule would hold for now. Counts of a partner are rounded down to steps, as reach is. */
export interface EstimateShown {
  asOf: string
  owner: string
  /** The rule as it was understood. */
  rule: string
  isExact: boolean
  step: number
  people: Interval
  /** Of whom the owner has collected anything: nobody else is asked. */
  base: Interval
  /** Of the people looked at, those the rule holds for. */
  share: Rate
}

export interface EstimateDeps {
  deskDeps: DeskDeps
  audience: Pick<Audience, 'store'>
}

/** Estimates a rule that need not be kept. Refuses as putSegment does; nothing is written. */
export async function estimateSegment(
  { deskDeps, audience }: EstimateDeps,
  actor: Actor,
  body: unknown,
): Promise<EstimateShown> {
  const asked = askedSegment(deskDeps, actor, checkedBody<EstimateBody>(body, checkBody))
  const { clock } = deskDeps
  const snapshot = snapshotOf(deskDeps)
  const rules = rulesFor(snapshot, ownerOf, { ...asked, nowMs: clock.now() })
  const { number, owner } = asked.segment
  const estimate = await estimateRule({ store: audience.store, clock }, rules, number)
  const told = new ToldTo(actor, snapshot, clock.now())
  return {
    asOf: new Date(clock.now()).toISOString(),
    owner,
    rule: printExpression(ruleOf(asked.segment)!),
    isExact: estimate.isExact,
    step: told.step,
    people: told.interval(estimate.people),
    base: told.interval(estimate.base),
    share: shareOf(estimate, told),
  }
}

/** Of a draft the id is none that a segment may have: no rule can ask for it. */
const DRAFT = ''

function askedSegment(
  deps: DeskDeps,
  actor: Actor,
  { segment: id, owner, rule, ttlDays = RULE_LIMITS.daysMax }: EstimateBody,
): { id: string; segment: Segment } {
  if (id !== undefined) {
    if (owner !== undefined || rule !== undefined)
      throw refuse('invalid', 'segment', 'name a segment, or give owner and rule, not both')
    const segment = ownSegment(deps, actor, { id })
    if (segment.rule === undefined) throw refuse('unprocessable', 'segment', `${id} has no rule`)
    return { id, segment }
  }
  if (owner === undefined) throw refuse('invalid', 'owner', 'is required, or segment')
  if (rule === undefined) throw refuse('invalid', 'rule', 'is required, or segment')
  if (!sees(actor, owner))
    throw refuse('forbidden', 'owner', 'is not you: a partner estimates rules of its own')
  const snapshot = snapshotOf(deps)
  refuseUnknownOwner(snapshot, owner)
  const draft: Segment = {
    ...{ name: 'draft', owner, provenance: 'first_party', ttlDays, rule },
    number: AUDIENCE_LIMITS.numberMax,
  }
  refuseBadRule(DRAFT, { segment: draft, before: undefined }, { snapshot, nowMs: deps.clock.now() })
  return { id: DRAFT, segment: draft }
}

/** What was counted whole is known without doubt. */
function shareOf({ matched, sampled, isExact }: Estimate, told: ToldTo): Rate {
  const share = told.step > 1 ? told.rate(matched, sampled) : rateOf(matched, sampled)
  return isExact ? { ...share, low: share.rate, high: share.rate } : share
}
