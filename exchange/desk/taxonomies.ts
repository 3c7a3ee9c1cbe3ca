import { LIMITS as AUDIENCE_LIMITS } from '../../audience/limits.ts'
import { Refused, refuse } from '../../audience/refusal.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { LIMITS as EXCHANGE_LIMITS } from '../limits.ts'
import { CATEGORY_TAXONOMIES } from '../taxonomy/category-taxonomies.ts'
import { LIMITS } from '../taxonomy/limits.ts'
import { nodesOf } from '../taxonomy/nodes-of.ts'
import { type ProhibitedTopic, prohibitedTopic } from '../taxonomy/prohibited-nodes.ts'
import { readTaxonomy, type TaxonomyFile, type TaxonomyNode } from '../taxonomy/read-taxonomy.ts'
import { Taxonomy } from '../taxonomy/taxonomy.ts'
import {
  TAXONOMY_KIND,
  type TaxonomyRecord,
  taxonomyOf,
  taxonomyRecord,
} from '../taxonomy/taxonomy-record.ts'
import {
  type Actor,
  type DeskDeps,
  mustBeExchange,
  notFound,
  type Shown,
  snapshotOf,
  type Written,
} from './desk.ts'
import { listRecords, type Page, type PageOptions, readRecord } from './read-records.ts'
import { refuseWhileHeld } from './references.ts'
import { checkMatch, refuseAll, writeRecord } from './write-record.ts'

/** A taxonomy as the desk shows it; its nodes are asked for apart. */
export interface TaxonomyShown extends Omit<TaxonomyRecord, 'packed'> {
  segtax: number
}

export interface ImportAsked {
  segtax: string
  /** The file, as it is published. */
  text: string
  /** Default: AdCOM's name of the segtax. Required from 500 on. */
  name?: string | undefined
  edition?: string | undefined
  /** Says what was found, and writes nothing. */
  dryRun?: boolean | undefined
  /** Segments may lose the node they stand for. */
  confirm?: boolean | undefined
  ifMatch?: number | undefined
}

/** A node as the desk shows it. */
export interface NodeShown {
  id: string | null
  name: string
  path: string[]
  parent: string | null
  /** Why segments that stand for it cannot be offered. */
  prohibited?: ProhibitedTopic
}

/**
 * Takes a taxonomy from its file, in place of the one imported before: the same file again changes nothing.
 * Refuses, and leaves what there is: `invalid` for a file with bad rows, each named; `conflict` where segments
 * stand for nodes that are no longer there, unless confirmed.
 */
export async function importTaxonomy(
  deps: DeskDeps,
  actor: Actor,
  asked: ImportAsked,
): Promise<Written<TaxonomyShown>> {
  mustBeExchange(actor)
  const segtax = segtaxOf(asked.segtax)
  if (segtax === undefined)
    throw refuse('invalid', 'segtax', 'is a whole number: see AdCOM, list Category Taxonomies')
  const name = asked.name ?? CATEGORY_TAXONOMIES.get(segtax)
  if (name === undefined)
    throw refuse('invalid', 'name', `is required: AdCOM lists no taxonomy ${segtax}`)
  const file = fileOf(asked.text)
  const { edition } = asked
  const importedAt = new Date(deps.clock.now()).toISOString()
  const about = { name, ...(edition === undefined ? {} : { edition }), importedAt }
  const made = taxonomyRecord(asked.text, file, about)
  const decide = (existing: { value: unknown } | undefined, snapshot: CatalogSnapshot) => {
    if (!existing && snapshot.kind(TAXONOMY_KIND).size >= LIMITS.taxonomiesMax)
      throw refuse('conflict', '', `there are ${LIMITS.taxonomiesMax} taxonomies: delete one first`)
    if (!asked.confirm) refuseLost(snapshot, segtax, new Taxonomy(file.nodes))
    return { value: sameAsBefore(existing?.value as TaxonomyRecord | undefined, made) }
  }
  const target = { kind: TAXONOMY_KIND, id: String(segtax) }
  if (asked.dryRun) {
    await deps.feed.poke()
    const snapshot = snapshotOf(deps)
    const existing = snapshot.kind(TAXONOMY_KIND).get(target.id)
    checkMatch(existing, asked.ifMatch)
    const { value } = decide(existing, snapshot)
    return { value: show(target.id, value), version: existing?.version ?? 0, created: false }
  }
  const written = await writeRecord<TaxonomyRecord>(deps, target, {
    ifMatch: asked.ifMatch,
    decide,
  })
  return { ...written, value: show(target.id, written.value!) }
}

/** Deletes a taxonomy that no segment stands for a node of (`conflict` names them). */
export async function deleteTaxonomy(
  deps: DeskDeps,
  actor: Actor,
  { segtax, ifMatch }: { segtax: string; ifMatch?: number | undefined },
): Promise<void> {
  mustBeExchange(actor)
  const id = String(segtaxThere(segtax))
  await writeRecord<TaxonomyRecord>(
    deps,
    { kind: TAXONOMY_KIND, id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        if (!existing) throw notFound()
        const holders = new Set([...standingIn(snapshot, Number(id))].map((one) => one.id))
        refuseWhileHeld([...holders].map((one) => ({ kind: SEGMENT_KIND, id: one })))
        return { value: null }
      },
    },
  )
}

export function getTaxonomy(deps: DeskDeps, _actor: Actor, segtax: string): Shown<TaxonomyShown> {
  return readRecord(deps, String(segtaxThere(segtax)), READING)
}

export function listTaxonomies(
  deps: DeskDeps,
  _actor: Actor,
  page: PageOptions,
): Page<TaxonomyShown> {
  return listRecords(deps, page, READING)
}

/** Nodes in the order of their file: all, or those below a node, or those whose path has a text in it. */
export function listTaxonomyNodes(
  deps: DeskDeps,
  _actor: Actor,
  {
    segtax,
    find,
    under,
    limit = EXCHANGE_LIMITS.pageDefault,
    after = '0',
  }: { segtax: string; find?: string; under?: string } & PageOptions,
): Page<NodeShown> {
  const number = segtaxThere(segtax)
  const taxonomy = taxonomyOf(snapshotOf(deps), number)
  if (!taxonomy) throw notFound()
  const top = under === undefined ? undefined : taxonomy.node(under)
  if (under !== undefined && !top) throw refuse('not_found', 'under', `there is no node ${under}`)
  const wanted = find?.toLowerCase() ?? ''
  const found = taxonomy.nodes
    .map((node, i) => ({ node, place: i + 1 }))
    .filter(({ node: { path }, place }) => place > Number(after) && matches(path, wanted, top))
  const page = found.slice(0, limit)
  return {
    items: page.map(({ node }) => showNode(number, taxonomy, node)),
    next: found.length > limit ? String(page.at(-1)!.place) : null,
  }
}

const READING = { kind: TAXONOMY_KIND, visible: () => true, show }

function show(id: string, { packed: _packed, ...fields }: TaxonomyRecord): TaxonomyShown {
  return { segtax: Number(id), ...fields }
}

function segtaxOf(text: string): number | undefined {
  const isOne = /^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= AUDIENCE_LIMITS.numberMax
  return isOne ? Number(text) : undefined
}

/** Under what is no segtax there is no taxonomy. */
function segtaxThere(text: string): number {
  const segtax = segtaxOf(text)
  if (segtax === undefined) throw notFound()
  return segtax
}

function fileOf(text: string): TaxonomyFile {
  const file = readTaxonomy(text)
  if (!('problems' in file)) return file
  const named = file.problems.slice(0, LIMITS.rowsNamedMax)
  const more = file.problems.length - named.length
  const rest = more > 0 ? [{ field: '', reason: `and ${more} more` }] : []
  throw new Refused('invalid', [...named, ...rest])
}

/** The same nodes under the same name are the same import: when they first came stays. */
function sameAsBefore(before: TaxonomyRecord | undefined, made: TaxonomyRecord): TaxonomyRecord {
  const isSame =
    before?.sha256 === made.sha256 && before.name === made.name && before.edition === made.edition
  return isSame ? before : made
}

/** Segments that stand for nodes of the taxonomy, one for each node. */
function* standingIn(
  snapshot: CatalogSnapshot,
  segtax: number,
): Iterable<{ id: string; node: string }> {
  for (const { id, value } of snapshot.kind(SEGMENT_KIND).values()) {
    for (const { node } of nodesOf(value as Segment))
      if (node.segtax === segtax) yield { id, node: node.id }
  }
}

function refuseLost(snapshot: CatalogSnapshot, segtax: number, next: Taxonomy): void {
  const now = taxonomyOf(snapshot, segtax)
  const lost = [...standingIn(snapshot, segtax)].filter(
    ({ node }) => !next.node(node) && (!now || now.node(node)),
  )
  if (lost.length === 0) return
  const named = lost.slice(0, EXCHANGE_LIMITS.namedMax).map(({ id, node }) => ({
    field: 'confirm',
    reason: `segment ${id} stands for node ${node}, which the file does not have`,
  }))
  const more = lost.length - named.length
  const hint = `${more > 0 ? `and ${more} more: ` : ''}give them other nodes first, or send it with confirm=true`
  refuseAll('conflict', [...named, { field: 'confirm', reason: hint }])
}

function matches(path: readonly string[], wanted: string, top: TaxonomyNode | undefined): boolean {
  const isBelow =
    !top || (path.length > top.path.length && top.path.every((name, i) => name === path[i]))
  return isBelow && (wanted === '' || path.some((name) => name.toLowerCase().includes(wanted)))
}

function showNode(segtax: number, taxonomy: Taxonomy, node: TaxonomyNode): NodeShown {
  const { id, path } = node
  const prohibited = id === null ? undefined : prohibitedTopic({ segtax, id }, taxonomy.above(node))
  return {
    id,
    name: path.at(-1)!,
    path: [...path],
    parent: taxonomy.parentOf(node),
    ...(prohibited ? { prohibited } : {}),
  }
}
