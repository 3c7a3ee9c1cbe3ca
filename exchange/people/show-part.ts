import type { ExplainedPart } from '../../audience/rules/explain-rule.ts'
import { LIMITS } from '../limits.ts'

/** A part of an explained rule as it is shown; what it does not have is absent. */
export interface PartShown {
  rule: string
  holds: boolean
  is: ExplainedPart['is']
  parts?: PartShown[]
  value?: number
  window?: { from: string | null; to: string }
  /** The latest of them. */
  moments?: { trait: string; at: string; count: number }[]
  /** Moments before those. */
  earlier?: number
  since?: string
  changesAt?: string
}

export function showPart(part: ExplainedPart): PartShown {
  const { rule, holds, is, parts, value, window, moments, sinceMs, changesAtMs } = part
  const shown = moments.slice(-LIMITS.explainedMomentsMax)
  return {
    ...{ rule, holds, is },
    ...(parts.length > 0 ? { parts: parts.map(showPart) } : {}),
    ...(value === undefined ? {} : { value }),
    ...(window ? { window: { from: timeOf(window.fromMs), to: timeOf(window.toMs)! } } : {}),
    ...(shown.length > 0
      ? { moments: shown.map(({ trait, atMs, count }) => ({ trait, at: timeOf(atMs)!, count })) }
      : {}),
    ...(moments.length > shown.length ? { earlier: moments.length - shown.length } : {}),
    ...(sinceMs === undefined ? {} : { since: timeOf(sinceMs)! }),
    ...(Number.isFinite(changesAtMs) ? { changesAt: timeOf(changesAtMs)! } : {}),
  }
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
