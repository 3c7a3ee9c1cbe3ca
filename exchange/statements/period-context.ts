import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { DealBody } from '../deal.ts'
import type { UsageLookups } from '../usage/read/usage-lookups.ts'

/** Catalog kind of what a closed period was billed by beside its usage, by period. */
export const CONTEXT_KIND = 'statement_context'

/**
 * Facts that attribution rests on and that move on while a closed period must not: people in segments,
 * categories and the audiences of deals, as they were when its first statement was closed.
 */
export interface PeriodContext {
  populations: Record<string, number>
  categories: Record<string, string>
  audiences: Record<string, DealBody['audience'] | null>
}

export function contextOf(snapshot: CatalogSnapshot, period: string): PeriodContext | undefined {
  return snapshot.kind(CONTEXT_KIND).get(period)?.value as PeriodContext | undefined
}

/** Lookups that answer what was kept before what is now, and note what they were asked. */
export function remembering(
  live: UsageLookups,
  kept: PeriodContext | undefined,
): { lookups: UsageLookups; context: PeriodContext } {
  const context: PeriodContext = {
    populations: { ...kept?.populations },
    categories: { ...kept?.categories },
    audiences: { ...kept?.audiences },
  }
  const { populations, categories, audiences } = context
  const lookups: UsageLookups = {
    terms: live.terms,
    category: (segment) => (categories[segment] ??= live.category(segment)),
    audience: (deal) => (audiences[deal] ??= live.audience(deal) ?? null) ?? undefined,
    async populations(segments) {
      const unknown = [...segments].filter((segment) => populations[segment] === undefined)
      if (unknown.length > 0)
        for (const [segment, people] of await live.populations(new Set(unknown)))
          populations[segment] = Number(people)
      return new Map([...segments].map((segment) => [segment, BigInt(populations[segment] ?? 0)]))
    },
  }
  return { lookups, context }
}
