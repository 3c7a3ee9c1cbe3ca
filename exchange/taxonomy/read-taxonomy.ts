import type { Problem } from '../../audience/refusal.ts'
import { LIMITS } from './limits.ts'
import { readRows, type TaxonomyRow } from './read-rows.ts'

/** A node where its tiers put it. */
export interface TaxonomyNode {
  /** Null: no row stands for it, and rows below it do. No segment can stand for such a node. */
  id: string | null
  /** Names from the top down to its own. */
  path: readonly string[]
}

/** A row whose parent is another one than its tiers say. The tiers hold. */
export interface ParentDisagrees {
  line: number
  id: string
  /** What its `Parent` says; '' where that is empty. */
  says: string
  /** Id of the node its tiers put it under; null where that has none, or the row stands at the top. */
  is: string | null
}

/** A row that stands where an earlier one does. Both are nodes. */
export interface Twin {
  line: number
  id: string
  like: string
}

/** What a file of a taxonomy says. */
export interface TaxonomyFile {
  /** In the order of the file; one that no row stands for comes before the first below it. */
  nodes: TaxonomyNode[]
  parentDisagrees: ParentDisagrees[]
  twins: Twin[]
}

/**
 * The tree of a file. Where a row stands is told by its tiers, which agree with each other where parents do not.
 * A file with a bad row is none: a node that is missing would be missed only when a segment needs it.
 */
export function readTaxonomy(text: string): TaxonomyFile | { problems: Problem[] } {
  const { rows, problems } = readRows(text)
  if (problems.length > 0) return { problems }
  const file = treeOf(rows)
  if (file.nodes.length <= LIMITS.nodesMax) return file
  return {
    problems: [{ field: '', reason: `has ${file.nodes.length} nodes, over ${LIMITS.nodesMax}` }],
  }
}

function treeOf(rows: readonly TaxonomyRow[]): TaxonomyFile {
  const nameOf = new Map(rows.map(({ id, name, tiers }) => [id, name || tiers.at(-1)!]))
  const placed = rows.map((row) => ({ row, path: pathOf(row, nameOf) }))
  const idAt = new Map<string, string | null>()
  for (const { row, path } of placed) if (!idAt.has(keyOf(path))) idAt.set(keyOf(path), row.id)
  const file: TaxonomyFile = { nodes: [], parentDisagrees: [], twins: [] }
  for (const { row, path } of placed) {
    const { line, id, parent } = row
    for (let depth = 1; depth < path.length; depth++) {
      const above = path.slice(0, depth)
      if (idAt.has(keyOf(above))) continue
      idAt.set(keyOf(above), null)
      file.nodes.push({ id: null, path: above })
    }
    file.nodes.push({ id, path })
    const is = path.length === 1 ? null : idAt.get(keyOf(path.slice(0, -1)))!
    const isTop = path.length === 1
    if (isTop ? parent !== '' : parent !== is)
      file.parentDisagrees.push({ line, id, says: parent, is })
    const like = idAt.get(keyOf(path))!
    if (like !== id) file.twins.push({ line, id, like })
  }
  return file
}

/**
 * Tiers end with the node itself. In some rows of content files they end with its parent, or there are none:
 * then the node stands below them under its `Name`.
 */
function pathOf({ name, parent, tiers }: TaxonomyRow, nameOf: ReadonlyMap<string, string>) {
  const last = tiers.at(-1)
  const isLeftOut = name !== '' && name !== last
  return isLeftOut && nameOf.get(parent) === last ? [...tiers, name] : tiers
}

/** Cells hold no tabs. */
function keyOf(path: readonly string[]): string {
  return path.join('\t')
}
