import type { PeopleSet } from '../reach/people-set.ts'
import { type Auc, aucOf } from './auc.ts'
import { LOOKALIKE_LIMITS } from './limits.ts'
import type { Feature, LookalikePeople, Steps } from './lookalike-people.ts'
import type { FeatureLeftOut, LookalikeRefusal } from './reasons.ts'
import { ScoreBins } from './score-bins.ts'
import { type Shown, weighFeature, worthOf } from './weigh-feature.ts'

export interface TrainOptions {
  seed: Feature
  features: readonly Feature[]
  /** How many people at most. */
  people: number
  leastAuc: number
  randomSeed: number
}

/** A feature with what it says, and what that rests on: people who learnt, not those held out. */
export interface WeighedFeature extends Shown {
  feature: Feature
  weight: number
}

/** One point of the curve of how many people there are against how similar they are. */
export interface CurvePoint {
  /** How many, beside the seed, score as high. */
  people: number
  /** The least score among them, as a share of the way from the lowest score there is to the highest. */
  similarity: number
  /** Held-out people of the seed who score as high, of all of them. */
  seedFound: number
  seedHeldOut: number
}

export interface TrainedModel {
  seedPeople: number
  /** All who show something, beside the seed. */
  otherPeople: number
  auc: Auc | undefined
  features: WeighedFeature[]
  curve: CurvePoint[]
  leftOut: Partial<Record<FeatureLeftOut, number>>
  /** Undefined where somebody may be taken. */
  refusal: LookalikeRefusal | undefined
  /** Who is: nobody where it is refused. */
  chosen: PeopleSet
}

/**
 * Learns what tells the people of a seed from all others who show anything, sums up what everybody shows, and takes the
 * most similar. A part of the people is held out of learning, and shows how good the model is. The same
 * people, features and `randomSeed` make the same model. Yields where others may have their turn.
 */
export function* trainLookalike(
  people: LookalikePeople,
  options: TrainOptions,
): Steps<TrainedModel> {
  return yield* new Training(people, options).run()
}

class Training {
  readonly #people: LookalikePeople
  readonly #options: TrainOptions
  readonly #model: TrainedModel
  /** Who learns: all others are held out. */
  readonly #learning: PeopleSet
  readonly #everyone: PeopleSet
  #seed: PeopleSet

  constructor(people: LookalikePeople, options: TrainOptions) {
    this.#people = people
    this.#options = options
    this.#learning = people.nobody()
    this.#everyone = people.nobody()
    this.#seed = people.nobody()
    this.#model = {
      ...{ seedPeople: 0, otherPeople: 0, auc: undefined, features: [], curve: [] },
      ...{ leftOut: {}, refusal: undefined, chosen: people.nobody() },
    }
  }

  *run(): Steps<TrainedModel> {
    const model = this.#model
    yield* this.#holdOut()
    this.#seed = yield* this.#people.showing(this.#options.seed)
    this.#everyone.unite(this.#seed)
    const counted = yield* this.#countFeatures()
    model.seedPeople = this.#seed.count()
    model.otherPeople = this.#everyone.count() - model.seedPeople
    if (model.seedPeople < LOOKALIKE_LIMITS.seedLeast) return this.#refused('seed_too_small')
    if (model.otherPeople < LOOKALIKE_LIMITS.othersLeast) return this.#refused('too_few_others')
    model.features = this.#weigh(counted)
    if (model.features.length === 0) return this.#refused('no_features')
    const scores = yield* this.#score()
    yield* this.#judge(scores)
    const others = this.#everyone.copy().drop(this.#seed)
    const bins = yield* ScoreBins.of(scores, others)
    model.curve = yield* this.#curve(scores, bins)
    if (!model.auc || model.auc.auc < this.#options.leastAuc) return this.#refused('auc_too_low')
    yield* this.#choose(scores, { bins, others })
    return model
  }

  #refused(refusal: LookalikeRefusal): TrainedModel {
    this.#model.refusal = refusal
    return this.#model
  }

  *#holdOut(): Steps<void> {
    const least = LOOKALIKE_LIMITS.holdOutShare * 2 ** 32
    const { size } = this.#people
    for (let person = 0; person < size; person++) {
      if (this.#drawn(person) >= least) this.#learning.add(person)
      if (person % STEP_PEOPLE === 0) yield
    }
  }

  *#countFeatures(): Steps<[Feature, Shown][]> {
    const counted: [Feature, Shown][] = []
    const learningSeed = this.#seed.copy().keep(this.#learning)
    for (const feature of this.#options.features) {
      const showing = yield* this.#people.showing(feature)
      if (showing.count() < LOOKALIKE_LIMITS.featurePeopleLeast) {
        this.#leaveOut('few_people')
        continue
      }
      this.#everyone.unite(showing)
      const inSeed = showing.countWith(learningSeed)
      const inRest = showing.countWith(this.#learning) - inSeed
      counted.push([feature, { inSeed, ofSeed: 0, inRest, ofRest: 0 }])
      yield
    }
    const ofSeed = learningSeed.count()
    const ofRest = this.#everyone.countWith(this.#learning) - ofSeed
    for (const [, shown] of counted) Object.assign(shown, { ofSeed, ofRest })
    return counted
  }

  #weigh(counted: readonly [Feature, Shown][]): WeighedFeature[] {
    const weighed = counted.map(([feature, shown]) => {
      return { feature, weight: weighFeature(shown), ...shown }
    })
    const telling = weighed
      .filter(({ weight }) => Math.abs(weight) >= LOOKALIKE_LIMITS.weightLeast)
      .sort((a, b) => worthOf(b) - worthOf(a) || (a.feature.id < b.feature.id ? -1 : 1))
      .slice(0, LOOKALIKE_LIMITS.usedMax)
    this.#leaveOut('says_nothing', weighed.length - telling.length)
    return telling
  }

  /** What everybody's features sum up to. */
  *#score(): Steps<Float32Array> {
    const scores = new Float32Array(this.#people.size)
    for (const { feature, weight } of this.#model.features) {
      const showing = yield* this.#people.showing(feature)
      for (const some of showing.parts()) {
        for (const person of some) scores[person]! += weight
        yield
      }
    }
    return scores
  }

  /** How often somebody of the seed who was held out scores above somebody else who was. */
  *#judge(scores: Float32Array): Steps<void> {
    const heldOut = this.#everyone.copy().drop(this.#learning)
    const positives = yield* this.#sample(heldOut.copy().keep(this.#seed), scores)
    const negatives = yield* this.#sample(heldOut.drop(this.#seed), scores)
    this.#model.auc = aucOf(positives, negatives)
    yield
  }

  *#sample(people: PeopleSet, scores: Float32Array): Steps<Float64Array> {
    const share = LOOKALIKE_LIMITS.rankedMax / Math.max(1, people.count())
    const most = Math.min(share, 1) * 2 ** 32
    const found: number[] = []
    for (const some of people.parts()) {
      for (const person of some)
        if (this.#people.drawn(person, this.#options.randomSeed ^ SAMPLE) < most)
          found.push(scores[person]!)
      yield
    }
    return Float64Array.from(found)
  }

  *#curve(scores: Float32Array, bins: ScoreBins): Steps<CurvePoint[]> {
    const heldOut = this.#seed.copy().drop(this.#learning)
    const seedHeldOut = heldOut.count()
    const found = yield* ScoreBins.of(scores, heldOut, bins)
    return bins.points(LOOKALIKE_LIMITS.curvePoints).map(({ bin, people }) => ({
      ...{ people, similarity: bin / (LOOKALIKE_LIMITS.bins - 1) },
      ...{ seedFound: found.from(bin), seedHeldOut },
    }))
  }

  /** The highest scores, as far as they say that somebody is like the seed; of equal ones those that are drawn. */
  *#choose(
    scores: Float32Array,
    { bins, others }: { bins: ScoreBins; others: PeopleSet },
  ): Steps<void> {
    const { chosen } = this.#model
    const { bin, room } = bins.cut(this.#options.people)
    const equals: number[] = []
    const draw = (person: number) => this.#people.drawn(person, this.#options.randomSeed ^ CHOICE)
    for (const some of others.parts()) {
      for (const person of some) {
        const score = scores[person]!
        if (score <= 0) continue
        const at = bins.binOf(score)
        if (at > bin) chosen.add(person)
        else if (at === bin) equals.push(person)
      }
      yield
    }
    const drawn = Float64Array.from(equals, draw).sort()
    const last = drawn[Math.min(room, drawn.length) - 1] ?? -1
    for (const person of equals) if (draw(person) <= last) chosen.add(person)
  }

  #drawn(person: number): number {
    return this.#people.drawn(person, this.#options.randomSeed)
  }

  #leaveOut(why: FeatureLeftOut, count = 1): void {
    const { leftOut } = this.#model
    if (count > 0) leftOut[why] = (leftOut[why] ?? 0) + count
  }
}

/** Other draws than the one that holds people out. */
const SAMPLE = 0x5bd1e995
const CHOICE = 0x1b873593
/** People looked at in one step: some milliseconds. */
const STEP_PEOPLE = 65_536
