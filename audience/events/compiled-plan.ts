import type { Problem } from '../refusal.ts'
import { checker, Type } from '../schema.ts'
import type { CatalogSnapshot } from '../store/catalog-snapshot.ts'
import { PLAN_LIMITS } from './plan-limits.ts'
import { safeName } from './safe-name.ts'
import {
  type PlanMode,
  type PlannedEvent,
  TRACKING_PLAN_KIND,
  type TrackingPlan,
} from './tracking-plan.ts'

/** A message that is not as planned, and what becomes of it. */
export interface Judgement {
  mode: PlanMode
  problems: readonly Problem[]
}

type Check = (value: unknown) => Problem[]

/** A tracking plan, ready to be asked of messages. */
export class CompiledPlan {
  readonly id: string
  readonly version: number
  readonly #plan: TrackingPlan
  /** By event; made when first needed. */
  readonly #checks = new Map<string, Check>()

  constructor(id: string, plan: TrackingPlan) {
    this.id = id
    this.version = plan.version
    this.#plan = plan
  }

  /** `message`: with its type, as the switches of its source leave it. Undefined where all is as planned. */
  judge(message: Readonly<Record<string, unknown>>): Judgement | undefined {
    const { events, mode, unplannedEvents = 'allow' } = this.#plan
    const name = plannedName(message)
    if (name === undefined) return undefined
    const planned = Object.hasOwn(events, name) ? events[name]! : undefined
    if (planned === undefined) {
      if (message['type'] !== 'track' || unplannedEvents === 'allow') return undefined
      return { mode: unplannedEvents, problems: [{ field: 'event', reason: 'is not planned' }] }
    }
    const field = fieldsField(message['type'])
    const found = this.#checkOf(name, planned)(message[field] ?? {})
    if (found.length === 0) return undefined
    const problems = found.slice(0, PLAN_LIMITS.problemsMax).map((one) => namedIn(field, one))
    return { mode: planned.mode ?? mode, problems }
  }

  /** Whether a property of an event, by its path below `properties` or `traits`, is in the plan; '' is the event itself. */
  plans(name: string, path: string): boolean {
    let at: Pick<PlannedEvent, 'properties'> | undefined = Object.hasOwn(this.#plan.events, name)
      ? this.#plan.events[name]
      : undefined
    for (const part of path === '' ? [] : path.split('.')) {
      while (at && 'items' in at) at = at.items as typeof at
      const { properties = {} }: Pick<PlannedEvent, 'properties'> = at ?? {}
      at = Object.hasOwn(properties, part) ? (properties[part] as typeof at) : undefined
    }
    return at !== undefined
  }

  #checkOf(name: string, planned: PlannedEvent): Check {
    let check = this.#checks.get(name)
    if (!check) this.#checks.set(name, (check = checkOf(planned)))
    return check
  }
}

/** Throws where the plan of an event is none that can be asked. */
export function checkOf({ properties, required, additionalProperties }: PlannedEvent): Check {
  const schema = {
    type: 'object',
    ...{ properties: properties ?? {}, required: required ?? [] },
    ...(additionalProperties === undefined ? {} : { additionalProperties }),
  }
  return checker(Type.Unsafe(schema))
}

/** Under which name a plan has a message; undefined: under none. */
export function plannedName({
  type,
  event,
}: Readonly<Record<string, unknown>>): string | undefined {
  if (type === 'track') return String(event)
  return type === 'alias' ? undefined : `$${type}`
}

/** Where a message of a type keeps what a plan is about. */
export function fieldsField(type: unknown): 'properties' | 'traits' {
  return type === 'identify' || type === 'group' ? 'traits' : 'properties'
}

const compiled = new WeakMap<object, CompiledPlan>()

/** The plan for a source: the one that names it, else its owner's for all. */
export function planFor(
  snapshot: CatalogSnapshot,
  { id, owner }: { id: string; owner: string },
): CompiledPlan | undefined {
  let found: { id: string; value: unknown } | undefined
  for (const record of snapshot.kind(TRACKING_PLAN_KIND).values()) {
    const plan = record.value as TrackingPlan
    if (plan.owner !== owner) continue
    if (plan.sources?.includes(id)) found = record
    else if (!plan.sources) found ??= record
  }
  if (!found) return undefined
  let plan = compiled.get(found.value as object)
  if (!plan)
    compiled.set(
      found.value as object,
      (plan = new CompiledPlan(found.id, found.value as TrackingPlan)),
    )
  return plan
}

/** Senders choose names: what is shown of them is bounded. */
function namedIn(field: string, problem: Problem): Problem {
  const inside = problem.field.split('.').map(safeName).join('.')
  return { field: inside === '' ? field : `${field}.${inside}`, reason: problem.reason }
}
