import {
  checkTraitBody,
  TRAIT_KIND,
  type Trait,
  type TraitBody,
} from '../../audience/events/trait.ts'
import type { Provenance } from '../../audience/provenance.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { basisRecords } from '../provenance/basis-of.ts'
import { traitProvenance } from '../provenance/provenance-of.ts'
import { refuseBadProvenance } from './check-provenance.ts'
import { soundExpression } from './check-rule.ts'
import {
  type Actor,
  type DeskDeps,
  mustWriteFor,
  type Shown,
  sees,
  snapshotOf,
  type WriteOptions,
  type Written,
} from './desk.ts'
import { deleteOwned, refuseForeign, refuseUnknownOwner } from './owned.ts'
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
export type TraitShown = TraitBody & { id: string; provenance: Provenance }

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
        refuseBadProvenance(given, snapshot)
        const number = before?.number ?? (await deps.catalog.nextNumber('trait'))
        return { value: { ...given, number } }
      },
    },
  )
  return { ...written, value: shower(deps)(id, written.value!) }
}

/** Deletes a trait. Refuses with `conflict` while a segment's rule asks for it. */
export function deleteTrait(
  deps: DeskDeps,
  actor: Actor,
  named: { id: string } & WriteOptions,
): Promise<void> {
  const alongside = (snapshot: CatalogSnapshot) => {
    refuseWhileHeld(holdersOfTrait(snapshot, named.id))
    return []
  }
  return deleteOwned(deps, actor, { kind: TRAIT_KIND, ...named, alongside })
}

export function getTrait(deps: DeskDeps, actor: Actor, id: string): Shown<TraitShown> {
  return readRecord(deps, id, reading(deps, actor))
}

export function listTraits(deps: DeskDeps, actor: Actor, page: PageOptions): Page<TraitShown> {
  return listRecords(deps, page, reading(deps, actor))
}

function reading(deps: DeskDeps, actor: Actor): Reading<Trait, TraitShown> {
  return { kind: TRAIT_KIND, visible: ({ owner }) => sees(actor, owner), show: shower(deps) }
}

/** Shows where it comes from, declared or not. */
function shower(deps: DeskDeps): (id: string, trait: Trait) => TraitShown {
  const records = basisRecords(snapshotOf(deps))
  return (id, { number: _number, ...fields }) => {
    return { id, ...fields, provenance: traitProvenance(records, fields) }
  }
}
