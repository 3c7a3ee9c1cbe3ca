import { dayOf } from '../../audience/clock.ts'
import { refuse } from '../../audience/refusal.ts'
import { CAMPAIGN_KIND, type Campaign } from '../campaign.ts'
import { type CampaignShownKpis, campaignKpis } from '../kpis/campaign-kpis.ts'
import { dayIn, momentOf } from '../moment.ts'
import { ToldTo } from '../reach/told-to.ts'
import { type Actor, sees, snapshotOf } from './desk.ts'
import type { FunnelDeps } from './funnel.ts'
import type { KpisShown } from './kpis.ts'
import { traitRules } from './trait-rules.ts'

/** The KPIs of one campaign. Refuses (`unprocessable`) one that is not there, or not the caller's to know. */
export async function getCampaignKpis(
  { deskDeps, audience }: FunnelDeps,
  actor: Actor,
  id: string,
): Promise<KpisShown & { campaign: CampaignShownKpis }> {
  const { clock } = deskDeps
  const snapshot = snapshotOf(deskDeps)
  const nowMs = clock.now()
  const campaign = snapshot.kind(CAMPAIGN_KIND).get(id)?.value as Campaign | undefined
  if (!campaign || !sees(actor, campaign.owner))
    throw refuse('unprocessable', 'campaign', `there is no campaign ${id}`)
  const rules = traitRules(snapshot, campaign.owner, nowMs)
  const { startsOn = null, endsOn } = campaign
  const { calendar } = rules
  const dayOfText = (text: string) => dayOf(momentOf(text))
  const to = endsOn ?? dayIn(nowMs, calendar.zone)
  const told = new ToldTo(actor, snapshot, nowMs)
  const found = await campaignKpis(
    { store: audience.store, clock },
    { rules, snapshot },
    {
      ...{ id, campaign, told, from: startsOn, to },
      sinceMs: startsOn === null ? 0 : calendar.startOf(dayOfText(startsOn)),
      untilMs: calendar.startOf(dayOfText(to) + 1),
    },
  )
  const period = { from: startsOn ?? dayIn(0), to }
  return { asOf: new Date(clock.now()).toISOString(), ...period, step: told.step, ...found }
}
