import { applyCatalog, exportCatalog } from './apply-catalog.ts'
import { type BoundVerbs, bindVerbs } from './bind-verbs.ts'
import { deleteCampaign, getCampaign, listCampaigns, putCampaign } from './campaigns.ts'
import { getAffected } from './contract-affected.ts'
import { getContractVersion, getEntitlements, listContractVersions } from './contract-history.ts'
import {
  declineContract,
  endContract,
  pauseContract,
  resumeContract,
  revokeContract,
  signContract,
} from './contract-life.ts'
import { getContract, listContracts, putContract } from './contracts.ts'
import { dataProtectionFacts } from './data-protection-facts.ts'
import { deleteDeal, getDeal, listDeals, putDeal } from './deals.ts'
import type { DeskDeps } from './desk.ts'
import { dealsCalled, importDeals } from './import-deal.ts'
import { createKey, deleteKey, listKeys } from './keys.ts'
import { getLabel, noteRefreshed, signLabel } from './labels.ts'
import { makeMatchSecretFor } from './match-secrets.ts'
import { getNamespace, listNamespaces, putNamespace } from './namespaces.ts'
import { closeOffer, deleteOffer, getOffer, listOffers, putOffer } from './offers.ts'
import { deletePartner, getPartner, listPartners, putPartner } from './partners.ts'
import { requestContract } from './request-contract.ts'
import { deleteSegment, getSegment, listSegments, putSegment } from './segments.ts'
import { createSourceKey, deleteSourceKey, listSourceKeys } from './source-keys.ts'
import { deleteSource, getSource, listSources, putSource } from './sources.ts'
import { getSyncSettings, putSyncSettings } from './sync-settings.ts'
import {
  deleteTaxonomy,
  getTaxonomy,
  importTaxonomy,
  listTaxonomies,
  listTaxonomyNodes,
} from './taxonomies.ts'
import { getTokenKeys, putTokenKeys } from './token-keys.ts'
import {
  deleteTrackingPlan,
  getTrackingPlan,
  listTrackingPlans,
  putTrackingPlan,
} from './tracking-plans.ts'
import { deleteTrait, getTrait, listTraits, putTrait } from './traits.ts'

const VERBS = {
  putPartner,
  getPartner,
  listPartners,
  deletePartner,
  createKey,
  listKeys,
  deleteKey,
  makeMatchSecretFor,
  getSyncSettings,
  putSyncSettings,
  putNamespace,
  getNamespace,
  listNamespaces,
  putTokenKeys,
  getTokenKeys,
  putSegment,
  getSegment,
  listSegments,
  deleteSegment,
  putSource,
  getSource,
  listSources,
  deleteSource,
  createSourceKey,
  listSourceKeys,
  deleteSourceKey,
  putTrackingPlan,
  getTrackingPlan,
  listTrackingPlans,
  deleteTrackingPlan,
  putTrait,
  getTrait,
  listTraits,
  deleteTrait,
  putCampaign,
  getCampaign,
  listCampaigns,
  deleteCampaign,
  getLabel,
  signLabel,
  noteRefreshed,
  importTaxonomy,
  getTaxonomy,
  listTaxonomies,
  listTaxonomyNodes,
  deleteTaxonomy,
  putContract,
  getContract,
  listContracts,
  listContractVersions,
  getContractVersion,
  getEntitlements,
  getAffected,
  signContract,
  declineContract,
  pauseContract,
  resumeContract,
  endContract,
  revokeContract,
  putOffer,
  getOffer,
  listOffers,
  closeOffer,
  deleteOffer,
  requestContract,
  dataProtectionFacts,
  putDeal,
  getDeal,
  listDeals,
  deleteDeal,
  importDeals,
  dealsCalled,
  exportCatalog,
  applyCatalog,
}
/** The verbs by which operators and partners change and read the exchange, each `(actor, …)`. */
export type ExchangeDesk = BoundVerbs<typeof VERBS>

/** Binds every verb to one catalog. */
export function openDesk(deps: DeskDeps): ExchangeDesk {
  return bindVerbs(VERBS, deps)
}
