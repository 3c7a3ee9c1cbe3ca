import { isDeepStrictEqual } from 'node:util'
import {
  checkSegmentBody,
  SEGMENT_KIND,
  type Segment,
  type SegmentBody,
} from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import { REFRESH_KIND, SIGNATURE_KIND } from '../label/label-records.ts'
import { LOOKALIKE_KIND } from '../lookalike/lookalike-record.ts'
import { nodesOf } from '../taxonomy/nodes-of.ts'
import { missingNode } from '../taxonomy/taxonomy-record.ts'
import { refuseBadLookalike } from './check-lookalike.ts'
import { refuseBadBasis } from './check-provenance.ts'
import { refuseBadRule } from './check-rule.ts'
import { refuseUnseating } from './check-seats.ts'
import type { Shown, WriteOptions, Written } from './desk.ts'
import { type Actor, type DeskDeps, isExchange, mustWriteFor, sees } from './desk.ts'
import { deleteOwned, refuseForeign, refuseUnknownOwner } from './owned.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { holdersOfSegment, refuseWhileHeld } from './references.ts'
import { checkedBody, checkId, refuseAll, writeRecord } from './write-record.ts'

/** A segment as the desk shows it. */
export type SegmentShown = SegmentBody & { id: string }

/**
 * Makes or replaces a segment. Its number is given once; its owner may not change (`conflict`). An
 * owner that does not exist is `unprocessable`, and so is a rule that makes no sense (check-rule.ts).
 */
export async function putSegment(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<SegmentShown>> {
  checkId(id)
  const given = checkedBody<SegmentBody>(body, checkSegmentBody)
  mustWriteFor(actor, given.owner)
  const written = await writeRecord<Segment>(
    deps,
    { kind: SEGMENT_KIND, id },
    {
      ifMatch,
      decide: async (existing, snapshot) => {
        const before = existing?.value as Segment | undefined
        refuseForeign(actor, { kind: 'segment', before, owner: given.owner })
        refuseUnknownOwner(snapshot, given.owner)
        const around = { snapshot, nowMs: deps.clock.now() }
        refuseBadRule(id, { segment: given, before }, around)
        refuseBadLookalike(id, given, snapshot)
        refuseBadBasis(id, given, snapshot)
        refuseUnknownNodes(before, given, snapshot)
        if (given.provenance === 'first_party' && before && before.provenance !== 'first_party') {
          const change = { kind: SEGMENT_KIND, id, value: given }
          refuseUnseating(snapshot, change, { field: 'provenance', nowMs: around.nowMs })
        }
        const number = before?.number ?? (await deps.catalog.nextNumber('segment'))
        return { value: { ...given, number } }
      },
    },
  )
  return { ...written, value: show(id, written.value!) }
}

/** Deletes a segment. Refuses with `conflict` while living contracts or deals rest on it, and names them. */
export function deleteSegment(
  deps: DeskDeps,
  actor: Actor,
  named: { id: string } & WriteOptions,
): Promise<void> {
  const { id } = named
  const notedOf = (snapshot: CatalogSnapshot) => {
    refuseWhileHeld(holdersOfSegment(snapshot, id, deps.clock.now()))
    const kinds = [REFRESH_KIND, SIGNATURE_KIND, LOOKALIKE_KIND].filter((kind) =>
      snapshot.kind(kind).has(id),
    )
    return kinds.map((kind) => ({ kind, id }))
  }
  return deleteOwned(deps, actor, { kind: SEGMENT_KIND, ...named, alongside: notedOf })
}

export function getSegment(deps: DeskDeps, actor: Actor, id: string): Shown<SegmentShown> {
  return readRecord(deps, id, segmentReading(deps, actor))
}

export function listSegments(deps: DeskDeps, actor: Actor, page: PageOptions): Page<SegmentShown> {
  return listRecords(deps, page, segmentReading(deps, actor))
}

/** A tenant sees its own segments, and those in contracts it has a side in. */
export function segmentReading(deps: DeskDeps, actor: Actor): Reading<Segment, SegmentShown> {
  let contracted: Set<string> | undefined
  return {
    kind: SEGMENT_KIND,
    visible: ({ owner }, id) => {
      if (isExchange(actor) || sees(actor, owner)) return true
      contracted ??= contractedSegments(deps, actor)
      return contracted.has(id)
    },
    show,
  }
}

function contractedSegments(deps: DeskDeps, actor: Actor): Set<string> {
  const segments = new Set<string>()
  for (const { value } of deps.feed.current()?.kind('contract').values() ?? []) {
    const contract = value as ContractRecord
    if (sees(actor, contract.seller, contract.buyer))
      for (const id of contract.segments) segments.add(id)
  }
  return segments
}

/** A node that was there when it was given stays, so that what else a segment says can be mended. */
function refuseUnknownNodes(
  before: Segment | undefined,
  given: SegmentBody,
  snapshot: CatalogSnapshot,
): void {
  const kept = before ? nodesOf(before) : []
  const fresh = nodesOf(given).filter(
    ({ node }) => !kept.some((one) => isDeepStrictEqual(one.node, node)),
  )
  const problems = fresh.flatMap(({ field, node }) => {
    const reason = missingNode(snapshot, node)
    return reason ? [{ field, reason }] : []
  })
  refuseAll('unprocessable', problems)
}

function show(id: string, { number: _number, ...fields }: Segment): SegmentShown {
  return { id, ...fields }
}
