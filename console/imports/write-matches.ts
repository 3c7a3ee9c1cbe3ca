import type { LinkOutcome } from '../../audience/people/link.ts'
import { LinkRefusals } from '../../audience/people/reasons.ts'
import type { ImportNames } from './import-names.ts'
import type { ImportRooms } from './import-rooms.ts'
import type { MatchChange } from './match-lines.ts'

/** Runs of the same kind are written together, in the order of the lines; a sentence for each that was refused. */
export async function writeMatches(
  { audience }: ImportRooms,
  names: ImportNames,
  batch: readonly MatchChange[],
): Promise<(string | undefined)[]> {
  const refusals: (string | undefined)[] = []
  for (let from = 0; from < batch.length; ) {
    const { what } = batch[from]!
    const end = batch.findIndex((change, i) => i > from && change.what !== what)
    const part = batch.slice(from, end < 0 ? undefined : end)
    refusals.push(...(await writePart(audience, names, part)))
    from += part.length
  }
  return refusals
}

async function writePart(
  audience: ImportRooms['audience'],
  names: ImportNames,
  part: readonly MatchChange[],
): Promise<(string | undefined)[]> {
  const edges = part.flatMap((change) => ('edge' in change ? [change.edge] : []))
  const { what } = part[0]!
  if (what === 'link') return (await audience.link(edges)).map(refusalOf)
  if (what === 'unlink') await audience.unlink(edges)
  if (what === 'optOut') await optOut(audience, names, part)
  return part.map(() => undefined)
}

/** What others know of the person is theirs: a partner's word reaches ids of its own namespaces (people-desk.ts). */
async function optOut(
  audience: ImportRooms['audience'],
  names: ImportNames,
  part: readonly MatchChange[],
): Promise<void> {
  const own = names.ownNumbers()
  const ids = part.flatMap((change) => ('id' in change ? [change.id] : []))
  await audience.suppress(ids, {
    kind: 'opt_out',
    enters: ({ namespace }) => own.has(namespace),
  })
}

function refusalOf(outcome: LinkOutcome): string | undefined {
  return outcome.ok ? undefined : LinkRefusals[outcome.reason]
}
