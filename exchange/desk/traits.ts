import {
  checkTraitBody,
  TRAIT_KIND,
  type Trait,
  type TraitBody,
} from '../../audience/events/trait.ts'
import { soundExpression } from './check-rule.ts'
import {
  type Actor,
  type DeskDeps,
  mustWriteFor,
  notFound,
  type Shown,
  sees,
  type WriteOptions,
  type Written,
} from './desk.ts'
import { refuseForeign, refuseUnknownOwner } from './owned.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { holdersOfTrait, refuseWhileHeld } from './references.ts'
import { checkedBody, checkId, writeRecord } from './write-record.ts'

/** A trait as the desk shows it. */
export type TraitShown = TraitBody & { id: string }

/** Makes or replaces a trait. Refuses `unprocessable` what its `when` cannot ask, `conflict` another owner. */
export async function putTrait(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<TraitShown>> {
  checkId(id)
  const given = checkedBody<TraitBody>(body, checkTraitBody)
  mustWriteFor(actor, given.owner)
  soundExpression(given.when, 'when', 'event')
  const written = await writeRecord<Trait>(
    deps,
    { kind: TRAIT_KIND, id },
    {
      ifMatch,
      decide: async (existing, snapshot) => {
        const before = existing?.value as Trait | undefined
        refuseForeign(actor, { kind: 'trait', before, owner: given.owner })
        refuseUnknownOwner(snapshot, given.owner)
        const number = before?.number ?? (await deps.catalog.nextNumber('trait'))
        return { value: { ...given, number } }
      },
    },
  )
  return { ...written, value: show(id, written.value!) }
}

/** Deletes a trait. Refuses with `conflict` while a segment's rule asks for it. */
export async function deleteTrait(
  deps: DeskDeps,
  actor: Actor,
  { id, ifMatch }: { id: string } & WriteOptions,
): Promise<void> {
  await writeRecord(
    deps,
    { kind: TRAIT_KIND, id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        if (!existing) throw notFound()
        mustWriteFor(actor, (existing.value as Trait).owner)
        refuseWhileHeld(holdersOfTrait(snapshot, id))
        return { value: null }
      },
    },
  )
}

export function getTrait(deps: DeskDeps, actor: Actor, id: string): Shown<TraitShown> {
  return readRecord(deps, id, reading(actor))
}

export function listTraits(deps: DeskDeps, actor: Actor, page: PageOptions): Page<TraitShown> {
  return listRecords(deps, page, reading(actor))
}

function reading(actor: Actor): Reading<Trait, TraitShown> {
  return { kind: TRAIT_KIND, visible: ({ owner }) => sees(actor, owner), show }
}

function show(id: string, { number: _number, ...fields }: Trait): TraitShown {
  return { id, ...fields }
}
