import type { Namespace } from '../audience/namespace.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import type { CompiledContract } from './compile-contracts.ts'
import type { Partners } from './compile-partners.ts'
import type { Dated } from './dated.ts'

/** An eid source whose ids may be told as they are kept. */
export interface ToldSource {
  /** `eids[].source` */
  readonly source: string
  /** Number of the partner that owns it; 0 is the exchange. */
  readonly owner: number
}

/** Whose ids may be told to buyers, as far as contracts with the use `identity` go: whether one holds now is BuyerView's to say. */
export interface ToldIds {
  /** Numbers of the buyers of such contracts. */
  readonly buyers: ReadonlySet<number>
  /** By namespace number. */
  readonly sources: ReadonlyMap<number, ToldSource>
  /** Namespaces whose ids have to be known by name: the sources, and those buyers' own. Undefined where nothing is told to anybody. */
  readonly names: ReadonlySet<number> | undefined
}

export function compileToldIds(
  contracts: Dated<CompiledContract>,
  { byId }: Partners,
  namespaces: ReadonlyMap<string, CatalogRecord>,
): ToldIds {
  const buyers = contracts.all.flatMap(({ record }) => byId.get(record.buyer) ?? [])
  if (buyers.length === 0) return NOTHING_TOLD
  const sources = new Map<number, ToldSource>()
  for (const [source, { value }] of namespaces) {
    const { kind, number, owner, resolver = 'raw' } = value as Namespace
    // A raw id of UID2 must not be in a request, and a token of it cannot be made here.
    if (kind === 'eid' && resolver === 'raw')
      sources.set(number, { source, owner: byId.get(owner)?.number ?? 0 })
  }
  return {
    buyers: new Set(buyers.map(({ number }) => number)),
    sources,
    names: new Set([...sources.keys(), ...buyers.map(({ namespace }) => namespace)]),
  }
}

const NOTHING_TOLD: ToldIds = { buyers: new Set(), sources: new Map(), names: undefined }
