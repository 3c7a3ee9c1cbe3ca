import { SOURCE_KIND } from '../../audience/events/source.ts'
import { TRACKING_PLAN_KIND } from '../../audience/events/tracking-plan.ts'
import { TRAIT_KIND } from '../../audience/events/trait.ts'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import { SEGMENT_KIND } from '../../audience/segment.ts'
import type { FileKind } from '../../audience/store/catalog-files.ts'
import { CAMPAIGN_KIND } from '../campaign.ts'
import { CONTRACT_LIFE } from '../contract.ts'
import { OFFER_KIND } from '../offer.ts'
import { deleteCampaign, putCampaign } from './campaigns.ts'
import { putContract } from './contracts.ts'
import { deleteDeal, putDealFile } from './deals.ts'
import type { Actor, DeskDeps } from './desk.ts'
import { putNamespace } from './namespaces.ts'
import { deleteOffer, putOffer } from './offers.ts'
import { deletePartner, putPartner } from './partners.ts'
import { deleteSegment, putSegment } from './segments.ts'
import { deleteSource, putSource } from './sources.ts'
import { deleteTrackingPlan, putTrackingPlan } from './tracking-plans.ts'
import { deleteTrait, putTrait } from './traits.ts'

/** A kind whose objects may be written from files, by the verbs that write them one by one. */
export interface AppliedKind extends FileKind {
  put(deps: DeskDeps, actor: Actor, given: { id: string; body: unknown }): Promise<unknown>
  /** Absent: objects of this kind end, and are never deleted. */
  delete?(deps: DeskDeps, actor: Actor, given: { id: string }): Promise<void>
  /** A body without what may name another object of the same kind. */
  bare?(body: object): object
}

/**
 * Every kind that stands in the catalog's files, each after those it may name. Not among them: keys
 * (secrets), caps, kept versions and signatures (what happened here is no setting).
 */
export const APPLIED_KINDS: readonly AppliedKind[] = [
  {
    kind: 'partner',
    folder: 'partners',
    toFile: (_, value) => without(value, ['number', 'namespace']),
    put: putPartner,
    delete: deletePartner,
    bare: (body) => without(body, ['exchange', 'sync']),
  },
  {
    kind: NAMESPACE_KIND,
    folder: 'namespaces',
    // The others are made with the partner.
    toFile: (_, value) =>
      (value as Namespace).kind === 'partner' ? undefined : without(value, ['name', 'number']),
    put: (deps, actor, { id, body }) => putNamespace(deps, actor, { name: id, body }),
  },
  {
    kind: SOURCE_KIND,
    folder: 'sources',
    toFile: (_, value) => value as object,
    put: putSource,
    delete: deleteSource,
  },
  {
    kind: TRACKING_PLAN_KIND,
    folder: 'trackingplans',
    toFile: (_, value) => without(value, ['version']),
    put: putTrackingPlan,
    delete: deleteTrackingPlan,
  },
  {
    kind: TRAIT_KIND,
    folder: 'traits',
    toFile: (_, value) => without(value, ['number']),
    put: putTrait,
    delete: deleteTrait,
  },
  {
    kind: SEGMENT_KIND,
    folder: 'segments',
    toFile: (_, value) => without(value, ['number']),
    put: putSegment,
    delete: deleteSegment,
    bare: (body) => without(body, ['rule', 'lookalike']),
  },
  {
    kind: CAMPAIGN_KIND,
    folder: 'campaigns',
    toFile: (_, value) => value as object,
    put: putCampaign,
    delete: deleteCampaign,
  },
  {
    kind: OFFER_KIND,
    folder: 'offers',
    toFile: (_, value) => value as object,
    put: putOffer,
    delete: deleteOffer,
  },
  {
    kind: 'deal',
    folder: 'deals',
    toFile: (_, value) => value as object,
    put: putDealFile,
    delete: deleteDeal,
  },
  {
    kind: 'contract',
    folder: 'contracts',
    toFile: (_, value) =>
      without(
        value,
        CONTRACT_LIFE.filter((field) => field !== 'status'),
      ),
    put: putContract,
  },
]

function without(value: unknown, fields: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(value as object).filter(([field]) => !fields.includes(field)),
  )
}
