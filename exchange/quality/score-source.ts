import { type Rate, rateOf } from '../matchrates/rate.ts'
import { COMPONENT_NAMES, COMPONENTS, type ComponentName } from './components.ts'
import type { SourceDays } from './read-source-days.ts'

/** One component as it is shown: a share with its numerator, its denominator, and what it counts for. */
export interface ShownComponent extends Rate {
  weight: number
}

export interface QualityScore {
  /** 0 to 100: the mean of the components by their weights; null where nothing was counted. */
  score: number | null
  components: Record<ComponentName, ShownComponent>
}

/** Components that have nothing to divide by are in no score. */
export function scoreSource(days: SourceDays): QualityScore {
  let weights = 0
  let sum = 0
  const components = {} as QualityScore['components']
  for (const name of COMPONENT_NAMES) {
    const { weight } = COMPONENTS[name]
    const rate = rateOf(...COMPONENTS[name].of(days))
    components[name] = { ...rate, weight }
    if (rate.rate === null) continue
    weights += weight
    sum += weight * Math.min(rate.rate, 1)
  }
  return { score: weights === 0 ? null : Math.round((sum / weights) * 1_000) / 10, components }
}
