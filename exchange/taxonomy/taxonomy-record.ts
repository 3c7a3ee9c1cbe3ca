import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { byRecord } from '../by-record.ts'
import { CATEGORY_TAXONOMIES } from './category-taxonomies.ts'
import { LIMITS } from './limits.ts'
import { type ProhibitedTopic, prohibitedTopic } from './prohibited-nodes.ts'
import type { ParentDisagrees, TaxonomyFile, TaxonomyNode, Twin } from './read-taxonomy.ts'
import { Taxonomy } from './taxonomy.ts'

/** Catalog kind under which taxonomies are kept, by their segtax as text. Only the desk holds them. */
export const TAXONOMY_KIND = 'taxonomy'

/** What a segment or a data label says it stands for. */
export interface NodeName {
  segtax: number
  id: string
}

/** What was found in a file; of long lists the first LIMITS.rowsNamedMax. */
export interface TaxonomyFindings {
  parentDisagrees: { count: number; rows: ParentDisagrees[] }
  /** Nodes that rows stand below, and none stands for. */
  withoutRow: { count: number; paths: string[] }
  twins: { count: number; rows: Twin[] }
}

/** A taxonomy as kept in the catalog. */
export interface TaxonomyRecord extends TaxonomyFindings {
  name: string
  /** Which edition of it, as the importer says. */
  edition?: string
  importedAt: string
  /** Of the file, hexadecimal. */
  sha256: string
  /** Nodes with an id. */
  nodes: number
  /** gzip, base64: a JSON list of nodes, each its id and path. */
  packed: string
}

export function taxonomyRecord(
  text: string,
  file: TaxonomyFile,
  about: Pick<TaxonomyRecord, 'name' | 'edition' | 'importedAt'>,
): TaxonomyRecord {
  const { nodes, parentDisagrees, twins } = file
  const withoutRow = nodes.filter(({ id }) => id === null).map(({ path }) => pathText(path))
  const some = <T>(all: readonly T[]) => all.slice(0, LIMITS.rowsNamedMax)
  return {
    ...about,
    sha256: createHash('sha256').update(text).digest('hex'),
    nodes: nodes.length - withoutRow.length,
    parentDisagrees: { count: parentDisagrees.length, rows: some(parentDisagrees) },
    withoutRow: { count: withoutRow.length, paths: some(withoutRow) },
    twins: { count: twins.length, rows: some(twins) },
    packed: packed(nodes),
  }
}

/** The path of a node in one text, as people write it. */
export function pathText(path: readonly string[]): string {
  return path.join(' | ')
}

/** The taxonomy imported for a segtax; undefined where there is none. */
export function taxonomyOf(snapshot: CatalogSnapshot, segtax: number): Taxonomy | undefined {
  const record = snapshot.kind(TAXONOMY_KIND).get(String(segtax))
  return record && unpacked(record)
}

/** What a taxonomy is called: as it was imported, else as AdCOM lists it. */
export function taxonomyName(snapshot: CatalogSnapshot, segtax: number): string {
  const record = snapshot.kind(TAXONOMY_KIND).get(String(segtax))?.value as
    | TaxonomyRecord
    | undefined
  return record?.name ?? CATEGORY_TAXONOMIES.get(segtax) ?? `taxonomy ${segtax}`
}

/** Why there is no such node; undefined where there is, and where its taxonomy was never imported. */
export function missingNode(snapshot: CatalogSnapshot, node: NodeName): string | undefined {
  const taxonomy = taxonomyOf(snapshot, node.segtax)
  if (!taxonomy || taxonomy.node(node.id)) return undefined
  const name = taxonomyName(snapshot, node.segtax)
  return `there is no node ${node.id} in ${name}: GET /api/taxonomies/${node.segtax}/nodes?find= looks one up by its name`
}

/** Why a node's segments cannot be offered; undefined where they can. */
export function topicOf(snapshot: CatalogSnapshot, node: NodeName): ProhibitedTopic | undefined {
  const taxonomy = taxonomyOf(snapshot, node.segtax)
  const found = taxonomy?.node(node.id)
  return prohibitedTopic(node, found && taxonomy!.above(found))
}

function packed(nodes: readonly TaxonomyNode[]): string {
  const text = JSON.stringify(nodes.map(({ id, path }) => [id, ...path]))
  return gzipSync(text, { level: 9 }).toString('base64')
}

const unpacked = byRecord(({ value }): Taxonomy => {
  const bytes = Buffer.from((value as TaxonomyRecord).packed, 'base64')
  const rows = JSON.parse(gunzipSync(bytes).toString('utf8')) as [string | null, ...string[]][]
  return new Taxonomy(rows.map(([id, ...path]) => ({ id, path })))
})
