import { TRAIT_KIND, type Trait } from '../../audience/events/trait.ts'
import { type Problem, Refused } from '../../audience/refusal.ts'
import { checkExpression, type RuleSubject } from '../../audience/rules/check-expression.ts'
import { type Expression, leavesOf, segmentsOf, traitsOf } from '../../audience/rules/expression.ts'
import { readExpression } from '../../audience/rules/read-expression.ts'
import { SEGMENT_KIND, type Segment, type SegmentBody } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { liveFor } from '../provenance/licences.ts'

/** An expression as it was sent, as a tree. Refuses with everything that is wrong with it, at `field`. */
export function soundExpression(given: unknown, field: string, subject: RuleSubject): Expression {
  const read = readExpression(given, field)
  if ('problems' in read) throw new Refused('unprocessable', read.problems)
  const problems = checkExpression(read.tree, field, subject)
  if (problems.length > 0) throw new Refused('unprocessable', problems)
  return read.tree
}

/** A segment's rule as a tree; undefined where it has none. What is kept was checked when it was written. */
export function ruleOf({ rule }: Pick<SegmentBody, 'rule'>): Expression | undefined {
  if (rule === undefined) return undefined
  const read = readExpression(rule, 'rule')
  return 'tree' in read ? read.tree : undefined
}

/**
 * Refuses `unprocessable` a rule that makes no sense here: its form, what an empty profile satisfies, traits and
 * segments that are not there or another's, a circle of segments, and what nothing collected would ever decide.
 */
export function refuseBadRule(
  id: string,
  { segment, before }: { segment: SegmentBody; before: SegmentBody | undefined },
  { snapshot, nowMs }: RuleAround,
): void {
  if (segment.rule === undefined) return
  const tree = soundExpression(segment.rule, 'rule', 'person')
  // What it asked for already it may go on asking for: it holds for nobody while that is not licensed.
  const kept = before && ruleOf(before)
  const keptSegments = kept ? segmentsOf(kept) : new Set<string>()
  const isUsable = (other: string) =>
    keptSegments.has(other) ||
    liveFor(snapshot, { buyer: segment.owner, segment: other }, nowMs) !== undefined
  const reasons = new Set([
    ...propertyReasons(tree),
    ...traitReasons(tree, segment.owner, snapshot),
    ...segmentReasons(tree, { owner: segment.owner, snapshot, isUsable }),
  ])
  if (reasons.size === 0) for (const reason of reachReasons(id, tree, snapshot)) reasons.add(reason)
  const problems: Problem[] = [...reasons].map((reason) => ({ field: 'rule', reason }))
  if (problems.length > 0) throw new Refused('unprocessable', problems)
}

export interface RuleAround {
  snapshot: CatalogSnapshot
  nowMs: number
}

function* propertyReasons(tree: Expression): Iterable<string> {
  for (const leaf of leavesOf(tree))
    if ('property' in leaf)
      yield `properties of a person are not kept: make a trait of ${leaf.property} and ask for that`
}

function* traitReasons(tree: Expression, owner: string, snapshot: CatalogSnapshot) {
  for (const id of traitsOf(tree)) {
    const trait = snapshot.kind(TRAIT_KIND).get(id)?.value as Trait | undefined
    // One answer for what is not there and what is somebody else's.
    if (trait?.owner !== owner) yield `${owner} has no trait ${id}`
  }
}

function* segmentReasons(
  tree: Expression,
  {
    owner,
    snapshot,
    isUsable,
  }: { owner: string; snapshot: CatalogSnapshot; isUsable(id: string): boolean },
) {
  for (const leaf of leavesOf(tree)) {
    if (!('segment' in leaf)) continue
    const segment = segmentIn(snapshot, leaf.segment)
    const isOwn = segment?.owner === owner
    if (!segment || !(isOwn || isUsable(leaf.segment)))
      yield `${owner} has no segment ${leaf.segment}, nor a live contract with use modeling for it`
    else if (leaf.since && !isOwn)
      yield `segment ${leaf.segment} is not ${owner}’s: since when somebody is in it is not told`
    else if (leaf.since && segment.rule === undefined)
      yield `segment ${leaf.segment} has no rule: since when somebody is in it is not known`
  }
}

/** Follows the rules of other segments: none may lead back here, and a trait has to be among what they ask for. */
function* reachReasons(id: string, tree: Expression, snapshot: CatalogSnapshot): Iterable<string> {
  const asked = segmentsOf(tree)
  const all = leadTo(asked, { id, snapshot }, (one) => [...namedBy(one), ...seedOf(one)])
  if (all.has(id)) yield `rests on itself: segment ${id} is asked for on the way`
  else {
    const rules = [...leadTo(asked, { id, snapshot }, namedBy)].flatMap((other) => {
      const rule = ruleOf(segmentIn(snapshot, other) ?? {})
      return rule ? [rule] : []
    })
    if ([tree, ...rules].every((rule) => traitsOf(rule).size === 0))
      yield 'asks for imported segments only: name a trait, so that an event can decide on it'
  }
}

/** Segments that some lead to, these included; nothing is followed beyond `id`. */
function leadTo(
  asked: Iterable<string>,
  { id, snapshot }: { id: string; snapshot: CatalogSnapshot },
  next: (segment: Segment) => Iterable<string>,
): Set<string> {
  const met = new Set(asked)
  // A set hands out what is added to it while it is walked.
  for (const other of met) {
    const segment = other === id ? undefined : segmentIn(snapshot, other)
    if (segment) for (const one of next(segment)) met.add(one)
  }
  return met
}

function namedBy(segment: Segment): Iterable<string> {
  const rule = ruleOf(segment)
  return rule ? segmentsOf(rule) : []
}

/** Whom a look-alike holds changes with the people of its seed. */
function seedOf({ lookalike }: Segment): string[] {
  return lookalike ? [lookalike.seed] : []
}

function segmentIn(snapshot: CatalogSnapshot, id: string): Segment | undefined {
  return snapshot.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
}
