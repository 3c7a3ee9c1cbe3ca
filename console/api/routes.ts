import { Type } from '../../audience/schema.ts'
import type { RehearsalRooms } from '../../gateway/bid/rehearse-bid.ts'
import { deletionRoutes } from '../imports/import-deletions.ts'
import { type EventImportRooms, eventsImportRoute } from '../imports/import-events.ts'
import { matchesRoute } from '../imports/import-matches.ts'
import { membershipsRoute } from '../imports/import-memberships.ts'
import { usageReportRoute } from '../imports/import-usage-report.ts'
import { importsRoute, suppressionsRoute } from '../imports/list-imports.ts'
import { alwaysAudited } from '../resources/audited.ts'
import { type BackfillRooms, backfillRoutes } from '../resources/backfills.ts'
import { campaignRoutes } from '../resources/campaigns.ts'
import { catalogRoutes } from '../resources/catalog.ts'
import { contractPreviewRoute } from '../resources/contract-preview.ts'
import { contractRoutes } from '../resources/contracts.ts'
import { dataProtectionRoute } from '../resources/data-protection.ts'
import { dealDryRunRoute } from '../resources/deal-dry-run.ts'
import { dealImportRoutes } from '../resources/deal-import.ts'
import { dealRoutes } from '../resources/deals.ts'
import { deskRoutes } from '../resources/desk-routes.ts'
import { estimateRoute } from '../resources/estimate.ts'
import { eventRoutes } from '../resources/events.ts'
import { explainPersonRoute } from '../resources/explain-person.ts'
import { funnelRoute } from '../resources/funnel.ts'
import { keyRoutes } from '../resources/keys.ts'
import { kpisRoute } from '../resources/kpis.ts'
import { labelRoutes } from '../resources/labels.ts'
import { type LedgerRooms, ledgerRoutes } from '../resources/ledger.ts'
import { lookalikeRoutes } from '../resources/lookalikes.ts'
import { matchRatesRoute } from '../resources/match-rates.ts'
import { matchSecretRoute } from '../resources/match-secrets.ts'
import { namespaceRoutes } from '../resources/namespaces.ts'
import { offerRoutes } from '../resources/offers.ts'
import { partnerRoutes } from '../resources/partners.ts'
import { peopleRoutes } from '../resources/people.ts'
import { qualityRoutes } from '../resources/quality.ts'
import { reachRoute } from '../resources/reach.ts'
import { reconciliationRoute } from '../resources/reconciliation.ts'
import { segmentRoutes } from '../resources/segments.ts'
import { sourceQuarantineRoutes } from '../resources/source-quarantine.ts'
import { sourceSchemaRoute } from '../resources/source-schema.ts'
import { gtmTemplateRoute, type TagRooms } from '../resources/source-tag.ts'
import { sourceRoutes } from '../resources/sources.ts'
import { statementRoutes } from '../resources/statements.ts'
import { syncSettingsRoutes } from '../resources/sync-settings.ts'
import { taxonomyRoutes } from '../resources/taxonomies.ts'
import { tokenKeysRoutes } from '../resources/token-keys.ts'
import { trackingPlanRoutes } from '../resources/tracking-plans.ts'
import { traitRoutes } from '../resources/traits.ts'
import { usageRoute } from '../resources/usage.ts'
import { type VaultRooms, vaultRoutes } from '../resources/vault.ts'
import { openApiDocument } from './openapi.ts'
import type { ApiRoute } from './route.ts'

/** Every operation of the control plane. */
export function apiRoutes(
  rooms: EventImportRooms & RehearsalRooms & BackfillRooms & TagRooms & VaultRooms & LedgerRooms,
): ApiRoute[] {
  const routes = [
    ...partnerRoutes(rooms),
    ...keyRoutes(rooms),
    matchSecretRoute(rooms),
    ...syncSettingsRoutes(rooms),
    ...namespaceRoutes(rooms),
    ...tokenKeysRoutes(rooms),
    ...sourceRoutes(rooms),
    sourceSchemaRoute(rooms),
    ...sourceQuarantineRoutes(rooms),
    gtmTemplateRoute(rooms),
    ...trackingPlanRoutes(rooms),
    ...qualityRoutes(rooms),
    ...traitRoutes(rooms),
    ...campaignRoutes(rooms),
    eventsImportRoute(rooms),
    ...eventRoutes(rooms),
    estimateRoute(rooms),
    ...backfillRoutes(rooms),
    ...segmentRoutes(rooms),
    ...labelRoutes(rooms),
    ...lookalikeRoutes(rooms),
    ...taxonomyRoutes(rooms),
    ...offerRoutes(rooms),
    ...contractRoutes(rooms),
    dataProtectionRoute(rooms),
    ...dealImportRoutes(rooms),
    dealDryRunRoute(rooms),
    ...dealRoutes(rooms),
    membershipsRoute(rooms),
    matchesRoute(rooms),
    ...deletionRoutes(rooms),
    ...peopleRoutes(rooms),
    ...vaultRoutes(rooms),
    explainPersonRoute(rooms),
    importsRoute(rooms),
    suppressionsRoute(rooms),
    matchRatesRoute(rooms),
    reachRoute(rooms),
    kpisRoute(rooms),
    funnelRoute(rooms),
    usageRoute(rooms),
    usageReportRoute(rooms),
    contractPreviewRoute(rooms),
    ...catalogRoutes(rooms),
    ...ledgerRoutes(rooms),
    ...statementRoutes(rooms),
    reconciliationRoute(rooms),
    ...deskRoutes(rooms),
  ].map((route) => alwaysAudited(rooms, route))
  return [...routes, documentRoute(routes)]
}

/** The document lists itself, so that all there is stands in it. */
function documentRoute(others: readonly ApiRoute[]): ApiRoute {
  const route: ApiRoute = {
    method: 'GET',
    path: '/api/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This document.',
    permission: 'anyone',
    answers: { 200: { says: 'OpenAPI 3.1.', body: { name: 'OpenApi', schema: Type.Object({}) } } },
    handle: () => ({ status: 200, body: document }),
  }
  const document = openApiDocument([...others, route])
  return route
}
