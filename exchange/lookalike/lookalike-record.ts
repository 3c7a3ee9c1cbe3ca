import type { Auc } from '../../audience/lookalike/auc.ts'
import type {
  FeatureLeftOut,
  LookalikeRefusal,
  LookalikeWarning,
} from '../../audience/lookalike/reasons.ts'
import type { CurvePoint } from '../../audience/lookalike/train-lookalike.ts'
import type { LookalikeDefinition } from '../../audience/segment.ts'
import type { Asks } from '../provenance/asks-of.ts'

/** Catalog kind under which the last model of a look-alike is kept; a record's id is the segment's. */
export const LOOKALIKE_KIND = 'lookalike'

/** The last model of a look-alike segment. Processes but the desk hold `madeOf` alone: see for-bids.ts. */
export interface LookalikeRecord {
  /** The traits and segments scores were summed up of; those of the model before, too, until its people are out. */
  madeOf: Asks
  model?: KeptModel
}

export interface KeptModel {
  at: string
  definition: LookalikeDefinition
  /** Undefined where people were taken. */
  refusal?: LookalikeRefusal
  warnings: LookalikeWarning[]
  seedPeople: number
  otherPeople: number
  auc: Auc | null
  /** The weightiest first. */
  features: KeptFeature[]
  curve: CurvePoint[]
  leftOut: Partial<Record<FeatureLeftOut, number>>
  /** How many were taken, and at how many ids they are in the segment. */
  people: number
  ids: number
}

export interface KeptFeature {
  kind: 'segment' | 'trait'
  id: string
  weight: number
  /** How many people show it, of those of the seed and of the others who learnt. */
  inSeed: number
  ofSeed: number
  inRest: number
  ofRest: number
}
