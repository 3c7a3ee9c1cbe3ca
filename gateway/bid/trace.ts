import { IdPlaces } from '../../audience/people/candidates.ts'
import type { Bid } from './bid.ts'
import { decisionId } from './decision-id.ts'
import type { DataFragment } from './make-fragment.ts'
import { STEP_NAMES } from './step-clock.ts'

/**
 * Adds `ext.passerelle` to an answer: how it came about, for a caller that may know (docs/endpoints/enrich.md).
 * It names only what the buyer was given; everything else is a count per reason. Where consent denies,
 * only that is said.
 */
export function withTrace(bid: Bid, answer: Uint8Array): Buffer {
  const body = JSON.parse(Buffer.from(answer).toString()) as { ext?: unknown }
  const ext = typeof body.ext === 'object' && body.ext !== null ? body.ext : {}
  return Buffer.from(JSON.stringify({ ...body, ext: { ...ext, passerelle: traceOf(bid) } }))
}

function traceOf(bid: Bid): object {
  if (bid.reason.startsWith('denied_')) return { consent: { allowed: false, reason: bid.reason } }
  const { plan, person, candidates, view, selection } = bid
  const withheld = view?.deals(bid.exchange)?.withheld() ?? new Map<string, number>()
  return {
    decision: decisionId(bid),
    consent: { allowed: true, gdpr: bid.consent.gdprApplies },
    ...(bid.reason === '' ? {} : { reason: bid.reason }),
    ...(person.foundBy < 0 ? {} : { foundBy: IdPlaces[candidates.place[person.foundBy]!] }),
    ids: candidates.count,
    matchedIds: Math.max(0, person.nodes - 1),
    segments: segmentsIn(plan.fragment),
    segmentsLeftOut: selection.leftOut,
    ...(plan.ids === undefined ? {} : { eids: plan.ids.sources, buyeruid: plan.ids.hasBuyeruid }),
    deals: plan.placed.map(({ deal }) => deal.wireId),
    dealsWithheld: Object.fromEntries(withheld),
    microseconds: Object.fromEntries(
      STEP_NAMES.map((name, i) => [name, Math.round(bid.steps.us[i]! * 10) / 10]),
    ),
  }
}

/** The ids that were written, as they were written. */
function segmentsIn(fragment: DataFragment | undefined): string[] {
  const objects = JSON.parse(`[${fragment?.json.objects ?? ''}]`) as { segment: { id: string }[] }[]
  return objects.flatMap(({ segment }) => segment.map(({ id }) => id))
}
