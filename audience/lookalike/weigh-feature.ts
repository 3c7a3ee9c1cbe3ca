import { LOOKALIKE_LIMITS } from './limits.ts'

/** How many people there are who learn, of the seed and of the others, and how many of either show a feature. */
export interface Shown {
  inSeed: number
  ofSeed: number
  inRest: number
  ofRest: number
}

/**
 * What a feature says for somebody's being like the seed: the logarithm of how much more usual it is there than among the
 * others. Both shares are shrunk towards the share of all, as if `priorPeople` more had been seen.
 */
export function weighFeature({ inSeed, ofSeed, inRest, ofRest }: Shown): number {
  const { priorPeople, weightMax } = LOOKALIKE_LIMITS
  const usual = (inSeed + inRest) / (ofSeed + ofRest)
  if (usual === 0) return 0
  const share = (count: number, of: number) => (count + priorPeople * usual) / (of + priorPeople)
  const weight = Math.log(share(inSeed, ofSeed) / share(inRest, ofRest))
  return Math.max(-weightMax, Math.min(weightMax, weight))
}

/** How much a feature tells altogether (Jeffreys' divergence of one feature): what features are chosen by. */
export function worthOf(shown: Shown): number {
  const { inSeed, ofSeed, inRest, ofRest } = shown
  return (inSeed / ofSeed - inRest / ofRest) * weighFeature(shown)
}
