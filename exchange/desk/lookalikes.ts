import { LOOKALIKE_LIMITS } from '../../audience/lookalike/limits.ts'
import { refuse } from '../../audience/refusal.ts'
import type { LookalikeDefinition } from '../../audience/segment.ts'
import type { JobState } from '../lookalike/lookalike-jobs.ts'
import {
  type KeptModel,
  LOOKALIKE_KIND,
  type LookalikeRecord,
} from '../lookalike/lookalike-record.ts'
import { type MadeOf, madeOf } from '../provenance/made-of.ts'
import { ToldTo } from '../reach/told-to.ts'
import { type Actor, mustWriteFor, snapshotOf } from './desk.ts'
import { ownSegment } from './own-segment.ts'
import type { UsageDeps } from './usage-deps.ts'

/** A look-alike as the desk shows it: what is asked, what is being done, and what the last model was. */
export interface LookalikeShown extends MadeOf {
  segment: string
  definition: LookalikeDefinition
  /** Null where nothing is under way. */
  job: JobState | null
  /** Counts of people are rounded down to a multiple of it; 1: to the unit. */
  step: number
  /** Null where none was made yet. */
  model: KeptModel | null
}

/** Refuses `not_found` what is not the caller's, and `unprocessable` a segment that is no look-alike. */
export function getLookalike(deps: UsageDeps, actor: Actor, id: string): LookalikeShown {
  const { lookalike } = mustBeLookalike(deps, actor, id)
  const snapshot = snapshotOf(deps)
  const told = new ToldTo(actor, snapshot, deps.clock.now())
  const record = snapshot.kind(LOOKALIKE_KIND).get(id)?.value as LookalikeRecord | undefined
  return {
    segment: id,
    definition: lookalike,
    ...madeOf(snapshot, id, deps.clock.now()),
    job: jobsOf(deps).state(id) ?? null,
    step: told.step,
    model: record?.model ? toldModel(record.model, told) : null,
  }
}

/** Has the model made anew, beside the times at which that happens by itself. */
export function runLookalike(deps: UsageDeps, actor: Actor, id: string): LookalikeShown {
  const { owner } = mustBeLookalike(deps, actor, id)
  mustWriteFor(actor, owner)
  jobsOf(deps).run(id)
  return getLookalike(deps, actor, id)
}

function mustBeLookalike(deps: UsageDeps, actor: Actor, id: string) {
  const { owner, lookalike } = ownSegment(deps, actor, { id })
  if (!lookalike) throw refuse('unprocessable', '', `${id} is no look-alike`)
  return { owner, lookalike }
}

function jobsOf({ lookalikes }: UsageDeps) {
  if (!lookalikes) throw new Error('look-alikes are made at the desk only')
  return lookalikes
}

/** What a partner is told of people is told in steps; features of few, which a step would hide, are still named. */
function toldModel(model: KeptModel, told: ToldTo): KeptModel {
  const people = (count: number) => told.people(count)
  const { auc } = model
  return {
    ...model,
    seedPeople: people(model.seedPeople),
    otherPeople: people(model.otherPeople),
    people: people(model.people),
    ids: people(model.ids),
    auc: auc && { ...auc, positives: people(auc.positives), negatives: people(auc.negatives) },
    features: model.features.slice(0, LOOKALIKE_LIMITS.usedMax).map((one) => ({
      ...one,
      ...{ inSeed: people(one.inSeed), ofSeed: people(one.ofSeed) },
      ...{ inRest: people(one.inRest), ofRest: people(one.ofRest) },
    })),
    curve: model.curve.map((point) => ({
      ...{ people: people(point.people), similarity: point.similarity },
      ...{ seedFound: people(point.seedFound), seedHeldOut: people(point.seedHeldOut) },
    })),
  }
}
