import { DAY_MS, dayOf } from '../../audience/clock.ts'
import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import { CADENCE_DAYS } from '../../audience/label-declaration.ts'
import {
  EXCHANGE_OWNER,
  NAMESPACE_KIND,
  type Namespace,
  OWN_NAMESPACES,
} from '../../audience/namespace.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { PartnerRecord } from '../partner.ts'
import { nodesOf } from '../taxonomy/nodes-of.ts'
import { missingNode } from '../taxonomy/taxonomy-record.ts'
import { definitionDigest, refreshOf, signatureOf } from './label-records.ts'
import type { LabelFault } from './reasons.ts'

/** One reason why a label is stale, and what to do next. */
export interface Stale {
  reason: LabelFault
  says: string
}

/**
 * Everything that makes a segment's label stale; nothing where it is not, and where nobody declared or signed
 * one. What was never seen is no reason: a catalog may be there before its people are.
 */
export function staleBecause(
  snapshot: CatalogSnapshot,
  { id, segment }: { id: string; segment: Segment },
  nowMs: number,
): Stale[] {
  if (segment.label === undefined && signatureOf(snapshot, id) === undefined) return []
  const found: Stale[] = []
  const when = (reason: LabelFault, says: string | undefined) => {
    if (says !== undefined) found.push({ reason, says })
  }
  when('refresh_overdue', overdue(snapshot, { id, segment }, nowMs))
  when('source_gone', sourceGone(snapshot, { id, segment }))
  for (const { node } of nodesOf(segment)) when('node_gone', missingNode(snapshot, node))
  when('definition_changed', changedSince(snapshot, { id, segment }))
  return found
}

/** Namespaces that still are there and in use, of those an import brought people under. */
export function liveNamespaces(snapshot: CatalogSnapshot, id: string): Namespace[] {
  return Object.keys(refreshOf(snapshot, id)?.namespaces ?? {})
    .map((name) => namespaceNamed(snapshot, name))
    .filter((namespace) => namespace !== undefined)
    .filter(({ owner }) => owner === EXCHANGE_OWNER || isActive(snapshot, owner))
}

interface Named {
  id: string
  segment: Segment
}

/** Dates are days, UTC: a label of daily refresh is good all of the next day. */
function overdue(
  snapshot: CatalogSnapshot,
  { id, segment }: Named,
  nowMs: number,
): string | undefined {
  // Who a rule holds for is decided as events come: imports are not what keeps it fresh.
  if (segment.rule !== undefined) return undefined
  const { refresh } = segment.label ?? {}
  const last = refreshOf(snapshot, id)
  const days = refresh && CADENCE_DAYS[refresh as keyof typeof CADENCE_DAYS]
  if (days === null || days === undefined || last === undefined) return undefined
  if (dayOf(nowMs) - Date.parse(last.on) / DAY_MS <= days) return undefined
  return `its refresh is ${refresh}, and nobody was put into it since ${last.on}: import its members again, or give its label the refresh it has`
}

function sourceGone(snapshot: CatalogSnapshot, { id, segment }: Named): string | undefined {
  const { owner, rule } = segment
  if (!isActive(snapshot, owner)) return `${owner}, who owns it, is paused: make it active first`
  const imported = Object.keys(refreshOf(snapshot, id)?.namespaces ?? {})
  const feeds = [
    ...(imported.length > 0 ? [liveNamespaces(snapshot, id).length > 0] : []),
    ...(rule === undefined ? [] : [hasSource(snapshot, owner)]),
  ]
  if (feeds.length === 0 || feeds.includes(true)) return undefined
  if (imported.length === 0)
    return `${owner} has no source whose events its rule could see: make one`
  return `its people came under ${imported.join(', ')}, which is gone or paused: import them under ids that are there`
}

function changedSince(snapshot: CatalogSnapshot, { id, segment }: Named): string | undefined {
  const signature = signatureOf(snapshot, id)
  if (!signature || signature.digest === definitionDigest(segment)) return undefined
  return `it was changed after its label was signed on ${signature.at.slice(0, 10)}: read the label and sign it again`
}

function hasSource(snapshot: CatalogSnapshot, owner: string): boolean {
  for (const { value } of snapshot.kind(SOURCE_KIND).values())
    if ((value as Source).owner === owner) return true
  return false
}

function isActive(snapshot: CatalogSnapshot, partner: string): boolean {
  const record = snapshot.kind('partner').get(partner)?.value as PartnerRecord | undefined
  return record?.status === 'active'
}

function namespaceNamed(snapshot: CatalogSnapshot, name: string): Namespace | undefined {
  return (
    OWN_NAMESPACES.get(name) ??
    (snapshot.kind(NAMESPACE_KIND).get(name)?.value as Namespace | undefined)
  )
}
