import { KeptOutReasons } from '../../audience/events/explain-membership.ts'
import type { PersonExplained } from '../../exchange/people/explain-person.ts'
import type { MomentShown, PartShown } from '../../exchange/people/show-part.ts'

/** An explanation as `POST /api/people/explain` answers it, as far as it is printed. */
export type Explanation = PersonExplained & {
  backfill: { state: string; share: number } | null
  bid: {
    isGiven: boolean | null
    reason: string
    says: string
    contract: string | null
  } | null
}

/** An explanation for eyes, line by line. */
export function* explainLines(
  explanation: Explanation,
  partner: string | undefined,
): Iterable<string> {
  const { byRule, suppressed, backfill, contracts } = explanation
  yield* membershipLines(explanation)
  if (suppressed)
    yield `to be left alone (${suppressed.kinds.join(', ')}) since ${suppressed.since}: nothing is kept or given`
  if (byRule) {
    yield ''
    yield* treeLines(byRule.tree, '')
    yield ''
    yield* turnLines(byRule)
  }
  if (backfill && backfill.state !== 'done')
    yield `the segment is being filled (${backfill.state}, ${Math.floor(backfill.share * 100)} % of everybody asked)`
  for (const { contract, buyer, dormant, until } of contracts) {
    const why = dormant.map(({ reason }) => reason).join(', ')
    yield `contract ${contract} with ${buyer} until ${until}: ${why === '' ? 'in force' : why}`
  }
  yield* bidLines(explanation, partner)
}

function* membershipLines(explanation: Explanation): Iterable<string> {
  const { memberships, ids, imported, byRule, isMember } = explanation
  const { id } = explanation.segment
  if (!isMember) yield `not in ${id}`
  for (const { by, since, until, at } of memberships) {
    const from = since === null ? '' : ` since ${since}`
    const how = by === 'rule' ? 'by its rule' : 'by an import'
    yield `in ${id}${from}, ${how}`
    const holder = at === null ? undefined : ids[at]
    yield `  at ${holder ? `${holder.source} ${holder.uid}` : 'an id that is not shown'}, until ${until}`
    if (by === 'import' && imported.lastOn !== null)
      yield `  people were imported last on ${imported.lastOn}${imported.basis === null ? '' : `, on ${imported.basis}`}`
  }
  if (byRule && byRule.isIn !== isMember && !explanation.suppressed)
    yield `its rule says ${byRule.isIn ? 'yes' : 'no'} now: what stands follows in a moment`
}

/** `yes  FREQUENCY([a] <= 5D) >= 3  (3 from … to …)`, its moments below it. */
function* treeLines(part: PartShown, indent: string): Iterable<string> {
  const { holds, is, rule, parts = [], moments = [], earlier = 0 } = part
  const answer = holds ? 'yes' : 'no '
  yield `${indent}${answer}  ${is === 'condition' ? rule : is.toUpperCase()}${factsOf(part)}`
  if (earlier > 0) yield `${indent}       … and ${earlier} moments before`
  for (const moment of moments) yield `${indent}       ${momentLine(moment)}`
  for (const one of parts) yield* treeLines(one, `${indent}  `)
}

function momentLine({ trait, at, count, messages = [] }: MomentShown): string {
  const ids = messages.map(({ source, messageId }) => `  ${source} ${messageId}`).join('')
  return `${at}  ${trait}${count > 1 ? ` × ${count}` : ''}${ids}`
}

function factsOf({ value, window, since }: PartShown): string {
  const facts = [
    ...(value === undefined ? [] : [String(Math.round(value * 1_000) / 1_000)]),
    ...(window ? [`from ${window.from ?? 'the beginning'} to ${window.to}`] : []),
    ...(since === undefined ? [] : [`since ${since}`]),
  ]
  return facts.length === 0 ? '' : `  (${facts.join(' ')})`
}

function* turnLines(byRule: NonNullable<Explanation['byRule']>): Iterable<string> {
  const { isIn, keptOutBy, until, turnsAt, turnsBy, turning, matchesUntil } = byRule
  if (keptOutBy !== null) yield `not in it although the rule holds: ${KeptOutReasons[keptOutBy]}`
  const verb = isIn ? 'ends' : 'begins'
  if (turnsAt === null) yield `with nothing new happening it stays as it is`
  else if (turnsBy === 'ttl') yield `ends ${turnsAt}: the segment’s days are over`
  else yield `${verb} ${turnsAt}: ${turning.join(', ')}`
  if (until !== null) yield `at the latest on ${until}`
  if (matchesUntil !== null) yield `a match of the person is over on ${matchesUntil}`
}

function* bidLines({ bid }: Explanation, partner: string | undefined): Iterable<string> {
  if (!bid || partner === undefined) return
  if (bid.isGiven === null) yield bid.says
  else if (bid.isGiven)
    yield `${partner} would be given it${bid.contract === null ? '' : ` under ${bid.contract}`}`
  else yield `${partner} would not be given it: ${bid.reason}: ${bid.says}`
}
