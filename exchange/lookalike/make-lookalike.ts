import { isDeepStrictEqual } from 'node:util'
import { DAY_MS } from '../../audience/clock.ts'
import { gatherLookalikePeople } from '../../audience/lookalike/gather-lookalike-people.ts'
import { LOOKALIKE_LIMITS } from '../../audience/lookalike/limits.ts'
import type { Feature } from '../../audience/lookalike/lookalike-people.ts'
import { Pace } from '../../audience/lookalike/pace.ts'
import { putPeople } from '../../audience/lookalike/put-people.ts'
import type { LookalikeRefusal, LookalikeWarning } from '../../audience/lookalike/reasons.ts'
import { type TrainedModel, trainLookalike } from '../../audience/lookalike/train-lookalike.ts'
import { expiryDayOf } from '../../audience/people/memberships.ts'
import type { ReachIndex } from '../../audience/reach/reach-index.ts'
import { type LookalikeDefinition, SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import { snapshotOf } from '../desk/desk.ts'
import type { PartnerRecord } from '../partner.ts'
import type { Asks } from '../provenance/asks-of.ts'
import { basisOf, basisRecords } from '../provenance/basis-of.ts'
import { liveFor } from '../provenance/licences.ts'
import { type AskedFeatures, featuresFor } from './features-for.ts'
import type { LookalikeJobsOptions } from './lookalike-jobs.ts'
import { type KeptModel, LOOKALIKE_KIND, type LookalikeRecord } from './lookalike-record.ts'

/** What is being done of a look-alike. */
export type JobStage = 'gathering' | 'learning' | 'writing'

export interface MakeOptions extends LookalikeJobsOptions {
  isOver(): boolean
  onStage(stage: JobStage, share: number): void
}

export function isSameDefinition(one: LookalikeDefinition, other: LookalikeDefinition): boolean {
  return isDeepStrictEqual(one, other)
}

/** Learns a look-alike's model of people as they are now, and makes its members whom the model takes. */
export function makeLookalike(options: MakeOptions, id: string): Promise<void> {
  return new Making(options, id).run()
}

class Making {
  readonly #options: MakeOptions
  readonly #id: string
  readonly #pace: Pace

  constructor(options: MakeOptions, id: string) {
    this.#options = options
    this.#id = id
    this.#pace = new Pace(options.clock, () => options.isOver(), options.turn)
  }

  async run(): Promise<void> {
    const { deskDeps, clock, onStage } = this.#options
    await deskDeps.feed.poke()
    const segment = this.#segment()
    const lookalike = segment?.lookalike
    if (!segment || !lookalike) return
    onStage('gathering', 0)
    const index = await this.#options.reach.upToDate()
    const asked = this.#asked(segment, index)
    if (index.ids > LOOKALIKE_LIMITS.idsMax)
      throw new Error(
        `there are more than ${LOOKALIKE_LIMITS.idsMax} ids: no model is made of so many`,
      )
    const people = await this.#gather(segment, { index, asked })
    onStage('learning', 0.3)
    const seed = snapshotOf(deskDeps).kind(SEGMENT_KIND).get(lookalike.seed)!.value as Segment
    const training = trainLookalike(people, {
      seed: { kind: 'segment', id: lookalike.seed, number: seed.number },
      features: asked.features,
      people: lookalike.people,
      leastAuc: lookalike.leastAuc ?? LOOKALIKE_LIMITS.leastAucDefault,
      randomSeed: lookalike.randomSeed ?? 1,
    })
    const model = await this.#pace.through(training)
    onStage('writing', 0.8)
    const used = model.refusal ? [] : model.features.map(({ feature }) => feature)
    const before = this.#record()?.madeOf ?? NOTHING
    // Whoever is put in or is still in rests on both, until the last is out.
    await this.#keep({ ...this.#record(), madeOf: union(before, asksOf(used)) })
    const untilMs = this.#licensedUntilMs(segment, used)
    const refusal = model.refusal ?? (untilMs === undefined ? 'licence_ended' : undefined)
    const ids = await putPeople({
      people,
      store: this.#options.store.people,
      segment: segment.number,
      expiryDay: Math.min(
        expiryDayOf(clock.now(), segment.ttlDays),
        Math.floor((untilMs ?? 0) / DAY_MS),
      ),
      chosen: refusal ? people.nobody() : model.chosen,
      features: used,
      pace: this.#pace,
    })
    const told = this.#told(model, { lookalike, asked, refusal, ids })
    await this.#keep({ madeOf: refusal ? NOTHING : asksOf(used), model: told })
  }

  #segment(): Segment | undefined {
    const found = this.#options.deskDeps.feed.current()?.kind(SEGMENT_KIND).get(this.#id)
    return found?.value as Segment | undefined
  }

  /** Of more features than are looked at, those that most ids show; traits are not counted yet, and come first. */
  #asked(segment: Segment, index: ReachIndex): AskedFeatures {
    const { deskDeps, clock } = this.#options
    const snapshot = snapshotOf(deskDeps)
    const asked = featuresFor(snapshot, { id: this.#id, segment, nowMs: clock.now() })
    const idsOf = ({ kind, number }: Feature) =>
      kind === 'trait' ? Number.POSITIVE_INFINITY : index.idsIn(number)
    const features = asked.features
      .toSorted((a, b) => idsOf(b) - idsOf(a) || (a.id < b.id ? -1 : 1))
      .slice(0, LOOKALIKE_LIMITS.featuresMax)
    const more = asked.features.length - features.length
    const leftOut = more > 0 ? { ...asked.leftOut, too_many: more } : asked.leftOut
    return { ...asked, features, leftOut }
  }

  #gather(
    { owner }: Segment,
    { index, asked }: { index: ReachIndex; asked: AskedFeatures },
  ): ReturnType<typeof gatherLookalikePeople> {
    const { store, clock, deskDeps } = this.#options
    const partner = snapshotOf(deskDeps).kind('partner').get(owner)?.value as PartnerRecord
    const owners = new Set(asked.isOfOthers ? [0] : [0, partner.number])
    const { traitDays: traits } = asked
    return gatherLookalikePeople({
      ...{ index, store, traits, owners },
      ...{ nowMs: clock.now(), pace: this.#pace },
    })
  }

  /** First moment at which something it is made of may no longer be used; undefined: now. */
  #licensedUntilMs({ owner, lookalike }: Segment, used: readonly Feature[]): number | undefined {
    const snapshot = snapshotOf(this.#options.deskDeps)
    const { traits, segments } = asksOf(used)
    const asks = { traits, segments: [...segments, lookalike!.seed] }
    const { needs } = basisOf(basisRecords(snapshot), '', { owner, asks })
    const live = needs.map((need) => liveFor(snapshot, need, this.#options.clock.now()))
    if (live.includes(undefined)) return undefined
    return Math.min(Number.POSITIVE_INFINITY, ...live.map((contract) => contract!.endsMs))
  }

  #record(): LookalikeRecord | undefined {
    const found = this.#options.deskDeps.feed.current()?.kind(LOOKALIKE_KIND).get(this.#id)
    return found?.value as LookalikeRecord | undefined
  }

  async #keep(value: LookalikeRecord): Promise<void> {
    const { catalog, feed } = this.#options.deskDeps
    // Of a segment that was deleted meanwhile nothing is kept.
    if (!this.#segment()) return
    await catalog.write([{ kind: LOOKALIKE_KIND, id: this.#id, value }])
    await feed.poke()
  }

  #told(
    model: TrainedModel,
    {
      lookalike,
      asked,
      refusal,
      ids,
    }: {
      lookalike: LookalikeDefinition
      asked: AskedFeatures
      refusal: LookalikeRefusal | undefined
      ids: number
    },
  ): KeptModel {
    const { seedPeople, otherPeople, auc, curve } = model
    const people = refusal ? 0 : model.chosen.count()
    return {
      at: new Date(this.#options.clock.now()).toISOString(),
      definition: lookalike,
      ...(refusal ? { refusal } : {}),
      warnings: warningsOf(model, people < lookalike.people && !refusal),
      ...{ seedPeople, otherPeople, auc: auc ?? null, curve, people, ids },
      features: model.features.map(({ feature: { kind, id }, ...shown }) => {
        return { kind, id, ...shown }
      }),
      leftOut: added(asked.leftOut, model.leftOut),
    }
  }
}

const NOTHING: Asks = { traits: [], segments: [] }

function asksOf(features: readonly Feature[]): Asks {
  const ids = (kind: Feature['kind']) =>
    features.flatMap((one) => (one.kind === kind ? [one.id] : []))
  return { traits: ids('trait'), segments: ids('segment') }
}

function union(one: Asks, other: Asks): Asks {
  const both = (name: keyof Asks) => [...new Set([...one[name], ...other[name]])]
  return { traits: both('traits'), segments: both('segments') }
}

function warningsOf({ auc }: TrainedModel, isFewer: boolean): LookalikeWarning[] {
  const warnings: LookalikeWarning[] = []
  if (auc && auc.auc < LOOKALIKE_LIMITS.weakAuc) warnings.push('weak')
  if (auc && auc.low <= 0.5) warnings.push('unsure')
  if (auc && auc.auc > LOOKALIKE_LIMITS.suspectAuc) warnings.push('suspect')
  if (isFewer) warnings.push('fewer')
  return warnings
}

function added(one: KeptModel['leftOut'], other: KeptModel['leftOut']): KeptModel['leftOut'] {
  const sum = { ...one }
  for (const [why, count] of Object.entries(other) as [keyof typeof sum, number][])
    sum[why] = (sum[why] ?? 0) + count
  return sum
}
