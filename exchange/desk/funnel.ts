import type { Audience } from '../../audience/audience.ts'
import { countFunnel, treeOf } from '../../audience/events/count-funnel.ts'
import type { Interval } from '../../audience/events/estimate-rule.ts'
import { TRAIT_KIND, type Trait } from '../../audience/events/trait.ts'
import { type Problem, refuse } from '../../audience/refusal.ts'
import { checkExpression } from '../../audience/rules/check-expression.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { LIMITS } from '../limits.ts'
import type { Rate } from '../matchrates/rate.ts'
import { dayIn } from '../moment.ts'
import { ToldTo } from '../reach/told-to.ts'
import { type Actor, type DeskDeps, sees, snapshotOf } from './desk.ts'
import { traitRules } from './trait-rules.ts'
import { refuseAll } from './write-record.ts'

export interface FunnelQuery {
  /** Traits of one owner, in the order in which they are to be shown. */
  steps: readonly string[]
  /** How long after the step before each has to follow, e.g. `24H`. */
  within?: string
  /** Length of the period that ends today. Default LIMITS.kpiDaysDefault. */
  days?: number
}

export interface FunnelShown {
  asOf: string
  owner: string
  /** First and last day of the period, in the owner's time zone. */
  from: string
  to: string
  within: string | null
  isExact: boolean
  /** Counts are rounded down to a multiple of it. */
  step: number
  /** Of whom the owner has collected anything. */
  base: Interval
  steps: { trait: string; people: Interval; ofFirst: Rate; ofBefore: Rate | null }[]
}

export interface FunnelDeps {
  deskDeps: DeskDeps
  audience: Pick<Audience, 'store'>
}

/**
 * How many people came how far on a way of traits. Refuses (`unprocessable`) traits that are not there, are not the
 * caller's to know, or have several owners.
 */
export async function getFunnel(
  { deskDeps, audience }: FunnelDeps,
  actor: Actor,
  { steps, within, days = LIMITS.kpiDaysDefault }: FunnelQuery,
): Promise<FunnelShown> {
  const { clock } = deskDeps
  const snapshot = snapshotOf(deskDeps)
  const nowMs = clock.now()
  const rules = traitRules(snapshot, ownerIn(snapshot, actor, steps), nowMs)
  const { calendar } = rules
  const sinceMs = calendar.startOf(calendar.dayOf(nowMs) - days + 1)
  const asked = { steps, within, sinceMs }
  refuseAll('invalid', checkExpression(treeOf(asked, steps.length - 1), 'within', 'person'))
  const counted = await countFunnel({ store: audience.store, clock }, rules, asked)
  const told = new ToldTo(actor, snapshot, nowMs)
  const seen = counted.steps.map((one) => one.seen)
  return {
    asOf: new Date(clock.now()).toISOString(),
    owner: rules.id,
    from: dayIn(sinceMs, calendar.zone),
    to: dayIn(nowMs, calendar.zone),
    within: within ?? null,
    isExact: counted.isExact,
    step: told.step,
    base: told.interval(counted.base),
    steps: steps.map((trait, i) => ({
      trait,
      people: told.interval(counted.steps[i]!.people),
      ofFirst: told.rate(seen[i]!, seen[0]!),
      ofBefore: i === 0 ? null : told.rate(seen[i]!, seen[i - 1]!),
    })),
  }
}

function ownerIn(snapshot: CatalogSnapshot, actor: Actor, steps: readonly string[]): string {
  const problems: Problem[] = []
  const owners = new Set<string>()
  for (const id of steps) {
    const trait = snapshot.kind(TRAIT_KIND).get(id)?.value as Trait | undefined
    // One answer for what is not there and what is somebody else's.
    if (trait && sees(actor, trait.owner)) owners.add(trait.owner)
    else problems.push({ field: 'steps', reason: `there is no trait ${id}` })
  }
  refuseAll('unprocessable', problems)
  const [owner, ...others] = owners
  if (others.length > 0)
    throw refuse('unprocessable', 'steps', 'the traits of a funnel are of one owner')
  return owner!
}
