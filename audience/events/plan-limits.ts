/** Bounds of tracking plans and of what is seen of sources; each with what happens there. */
export const PLAN_LIMITS = {
  /** Events of one plan, properties of one object in it, values of one enum, sources it names: more are refused. */
  eventsMax: 1_000,
  propertiesMax: 500,
  enumMax: 500,
  sourcesMax: 100,
  /** Objects and lists inside each other in the plan of an event: what lies deeper is not planned. */
  depthMax: 3,
  /** Problems named of one message. */
  problemsMax: 20,
  /** Characters of a name that is shown; a longer one counts as `(other)`. */
  nameCharsMax: 100,
  /** Names one process counts between two writes; further ones are left out, and that is counted. */
  namesMax: 20_000,
  /** How often what was seen is written: unplanned properties show up after that. */
  writeMs: 5_000,
  /** How often messages that were put aside too long ago are looked for. */
  sweepMs: 600_000,
} as const
