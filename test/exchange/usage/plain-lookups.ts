import type { CatalogFeed } from '../../../audience/store/catalog-feed.ts'
import type { UsageLookups } from '../../../exchange/usage/read/usage-lookups.ts'
import { usageTerms } from '../../../exchange/usage/usage-terms.ts'

/** The terms of a catalog as it is now; nothing is known of audiences, and nobody is counted. */
export function plainLookups(feed: CatalogFeed): UsageLookups {
  return {
    terms: usageTerms(feed.current()!),
    audience: () => undefined,
    category: (segment) => segment,
    populations: async () => new Map(),
  }
}
