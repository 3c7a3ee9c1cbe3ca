/** Bounds of look-alikes, and what happens where one is met. */
export const LOOKALIKE_LIMITS = {
  /** People a seed has at least; with fewer, no model is made (`seed_too_small`): it would tell of single people. */
  seedLeast: 100,
  /** Other people there have to be (`too_few_others`). */
  othersLeast: 500,
  /** People who show a feature, at least; one that fewer show is left out (`few_people`). */
  featurePeopleLeast: 50,
  /** Features that are looked at; of more, those that most people show (`too_many`). */
  featuresMax: 2_000,
  /** Features a score is summed up of: those that tell most. */
  usedMax: 200,
  /** Ids there may be, at 12 bytes each while a model is made; with more it fails, and says so. */
  idsMax: 1 << 24,
  /** Share of the people that is kept back, to see how good the model is. */
  holdOutShare: 0.3,
  /** Held-out people, of the seed and of the others each, that are ranked for the AUC: a sample of more. */
  rankedMax: 100_000,
  /** People's worth of what is usual that each feature is shrunk towards: few prove little. */
  priorPeople: 20,
  /** Weights (natural logarithms of lifts) are cut off here: nothing decides alone. */
  weightMax: 3,
  /** Weights below say nothing. */
  weightLeast: 0.05,
  /** Steps of scores that people are sorted into. */
  bins: 4_096,
  curvePoints: 10,
  leastAucDefault: 0.6,
  /** Below this AUC a model is told to be weak, above the other to be too good to be true. */
  weakAuc: 0.7,
  suspectAuc: 0.98,
  refreshDaysDefault: 7,
  /** How long a model is worked on in one turn of the event loop. */
  sliceMs: 5,
  /** How often it is looked whether a model's time has come. */
  lookMs: 10_000,
  /** Look-alikes that wait to be made; more are refused. */
  waitingMax: 1_000,
  /** How long after a failure one is tried again. */
  againMs: 600_000,
  /** Ids written, or histories read, at once. */
  batch: 500,
} as const
