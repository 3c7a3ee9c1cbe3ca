import { ARTF_SCHEMA } from '../../proto/generated/artf-schema.ts'
import { EVERYTHING, type Gives } from '../bid/wire.ts'

/** Intents of the framework by name, and their numbers. */
export const INTENTS = ARTF_SCHEMA.nested.passerelle.nested.artf.nested.Intent.values
export type Intent = keyof typeof INTENTS

/** What our data supports: see docs/decisions/0026-wires.md. */
export const OUR_INTENTS: readonly Intent[] = [
  'ACTIVATE_SEGMENTS',
  'ACTIVATE_DEALS',
  'SUPPRESS_DEALS',
  'ADJUST_DEAL_FLOOR',
]

/** Which of our intents one request takes. */
export type IntentSet = ReadonlySet<Intent>

/**
 * Those that the asker names (none named: all), less what is no standard yet: segments that name their provider are
 * given only where the setting allows them and the asker names them, and then in the place of the plain ids. Most name none.
 */
export function intentsFor(asked: readonly number[], mayNameProvider: boolean): IntentSet {
  if (asked.length === 0) return ALL
  const taken = new Set(OUR_INTENTS.filter((intent) => asked.includes(INTENTS[intent])))
  if (!mayNameProvider || !asked.includes(INTENTS.ADD_DATA_SEGMENT_WITH_EMBEDDINGS)) return taken
  taken.delete('ACTIVATE_SEGMENTS')
  return taken.add('ADD_DATA_SEGMENT_WITH_EMBEDDINGS')
}

const ALL: IntentSet = new Set(OUR_INTENTS)

/** No mutation carries a token, nor an id of the person. */
export function givesOf(intents: IntentSet): Gives {
  return intents === ALL ? ALL_GIVEN : given(intents)
}

function given(intents: IntentSet): Gives {
  const segments =
    intents.has('ACTIVATE_SEGMENTS') || intents.has('ADD_DATA_SEGMENT_WITH_EMBEDDINGS')
  return {
    ...EVERYTHING,
    segments,
    deals: intents.has('ACTIVATE_DEALS'),
    ids: false,
    tokens: false,
  }
}

const ALL_GIVEN = given(ALL)
