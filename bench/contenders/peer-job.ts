import { TCString } from '@iabtechlabtcf/core'
import { LRUCache } from 'lru-cache'
import { BUYER, CACHED_PEOPLE, DEAL, PROVIDERS, SEGMENTS } from '../workload.ts'

/**
 * The same job as ours, written the usual way on a parsed request: consent of the buyer and three
 * providers (decoded by the IAB's library, verdicts cached by string), segments the buyer has a
 * contract for, one deal in every imp. Minimal: no limits, no metrics, no other signals.
 */
export interface ProfileJson {
  /** Segment id → day on which it ends. */
  segments: Record<string, number>
}

interface Request {
  user: { buyeruid: string; consent: string; data?: unknown[] }
  regs: { gdpr: number; coppa: number }
  imp: { pmp?: { deals?: unknown[] } }[]
}

export const KEY = 'Bearer bench-peer-key'
export const profiles = new LRUCache<string, ProfileJson>({ max: CACHED_PEOPLE })

const consents = new LRUCache<string, Set<string>>({ max: 10_000 })
const entitled = new Map(SEGMENTS.map((segment) => [segment.id, segment.owner]))

export function enrich(request: Request, profile: ProfileJson | undefined): Request {
  if (!profile || request.regs.coppa === 1) return request
  const allowed = allowedBy(request.user.consent)
  if (request.regs.gdpr === 1 && !allowed.has(BUYER.id)) return request
  const today = Math.floor(Date.now() / 86_400_000)
  const byProvider = new Map<string, { id: string }[]>()
  for (const [id, lastDay] of Object.entries(profile.segments)) {
    const owner = entitled.get(id)
    if (!owner || lastDay <= today || !allowed.has(owner.id)) continue
    const list = byProvider.get(owner.id) ?? []
    list.push({ id })
    byProvider.set(owner.id, list)
  }
  const data = [...byProvider].map(([id, segment]) => ({ id, name: domainOf.get(id), segment }))
  request.user.data = [...(request.user.data ?? []), ...data]
  if (profile.segments[SEGMENTS[0]!.id])
    for (const imp of request.imp) {
      imp.pmp ??= {}
      imp.pmp.deals = [...(imp.pmp.deals ?? []), DEAL]
    }
  return request
}

const domainOf = new Map(PROVIDERS.map((provider) => [provider.id, provider.domain]))

function allowedBy(tcString: string): Set<string> {
  let allowed = consents.get(tcString)
  if (!allowed) {
    const model = TCString.decode(tcString)
    allowed = new Set(
      [BUYER, ...PROVIDERS]
        .filter(({ gvlId }) => model.purposeConsents.has(4) && model.vendorConsents.has(gvlId))
        .filter(({ gvlId }) => model.vendorsDisclosed.has(gvlId))
        .map(({ id }) => id),
    )
    consents.set(tcString, allowed)
  }
  return allowed
}
