import { EVENT_LIMITS } from '../../audience/events/limits.ts'
import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import { refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import { hashKey, makeKey, SOURCE_KEY_KIND, SourceKeyBody, type SourceKeyRecord } from '../key.ts'
import { type Actor, type DeskDeps, mustWriteFor, notFound, sees, snapshotOf } from './desk.ts'
import { listRecords, type Page, type PageOptions } from './read-records.ts'
import { checkedBody, writeRecord } from './write-record.ts'

/** A write key as the desk shows it: never the key itself, nor its hash. */
export interface SourceKeyShown {
  id: string
  source: string
  createdAt: string
}

const checkKey = checker(SourceKeyBody)

/** Makes a write key for a source. The answer is the only place the key is ever shown. */
export async function createSourceKey(
  deps: DeskDeps,
  actor: Actor,
  { source, body }: { source: string; body: unknown },
): Promise<{ id: string; key: string }> {
  checkedBody(body ?? {}, checkKey, [])
  const made = makeKey('wk')
  await writeRecord<SourceKeyRecord>(
    deps,
    { kind: SOURCE_KEY_KIND, id: made.id },
    {
      decide: (_, snapshot) => {
        mustWriteFor(actor, ownerOf(snapshot.kind(SOURCE_KIND).get(source)?.value))
        let keys = 0
        for (const { value } of snapshot.kind(SOURCE_KEY_KIND).values())
          if ((value as SourceKeyRecord).source === source) keys++
        const { sourceKeysMax } = EVENT_LIMITS
        if (keys >= sourceKeysMax)
          throw refuse('conflict', '', `a source has at most ${sourceKeysMax} keys: delete one`)
        const createdAt = new Date(deps.clock.now()).toISOString()
        return { value: { source, hash: hashKey(made.key).toString('base64url'), createdAt } }
      },
    },
  )
  return made
}

/** Revokes a write key: nothing is collected under it any more within a second. */
export async function deleteSourceKey(
  deps: DeskDeps,
  actor: Actor,
  { source, id }: { source: string; id: string },
): Promise<void> {
  await writeRecord(
    deps,
    { kind: SOURCE_KEY_KIND, id },
    {
      decide: (existing, snapshot) => {
        if ((existing?.value as SourceKeyRecord | undefined)?.source !== source) throw notFound()
        mustWriteFor(actor, ownerOf(snapshot.kind(SOURCE_KIND).get(source)?.value))
        return { value: null }
      },
    },
  )
}

export function listSourceKeys(
  deps: DeskDeps,
  actor: Actor,
  { source, ...page }: { source: string } & PageOptions,
): Page<SourceKeyShown> {
  const owner = ownerOf(snapshotOf(deps).kind(SOURCE_KIND).get(source)?.value)
  if (!sees(actor, owner)) throw notFound()
  return listRecords(deps, page, {
    kind: SOURCE_KEY_KIND,
    visible: (key: SourceKeyRecord) => key.source === source,
    show: (id, { hash: _hash, ...fields }) => ({ id, ...fields }),
  })
}

function ownerOf(source: unknown): string {
  if (source === undefined) throw notFound()
  return (source as Source).owner
}
