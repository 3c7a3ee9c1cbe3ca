import { TRAIT_KIND, type Trait } from '../../audience/events/trait.ts'
import type { Problem } from '../../audience/refusal.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import {
  CAMPAIGN_KIND,
  type Campaign,
  type CampaignBody,
  checkCampaign,
  FIGURE_NAMES,
} from '../campaign.ts'
import { isDay } from '../moment.ts'
import {
  type Actor,
  type DeskDeps,
  mustWriteFor,
  type Shown,
  sees,
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
import { checkedBody, checkId, refuseAll, writeRecord } from './write-record.ts'

export type CampaignShown = Campaign & { id: string }

/** Makes or replaces a campaign. Refuses `unprocessable` traits and segments its owner does not have, and figures that contradict each other. */
export async function putCampaign(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<CampaignShown>> {
  checkId(id)
  const given = checkedBody<CampaignBody>(body, checkCampaign)
  mustWriteFor(actor, given.owner)
  refuseAll('unprocessable', [...contradictions(given)])
  const written = await writeRecord<Campaign>(
    deps,
    { kind: CAMPAIGN_KIND, id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        const before = existing?.value as Campaign | undefined
        refuseForeign(actor, { kind: 'campaign', before, owner: given.owner })
        refuseUnknownOwner(snapshot, given.owner)
        refuseAll('unprocessable', [...strangers(given, snapshot)])
        return { value: given }
      },
    },
  )
  return { ...written, value: { id, ...written.value! } }
}

export function deleteCampaign(
  deps: DeskDeps,
  actor: Actor,
  named: { id: string } & WriteOptions,
): Promise<void> {
  return deleteOwned(deps, actor, { kind: CAMPAIGN_KIND, ...named })
}

export function getCampaign(deps: DeskDeps, actor: Actor, id: string): Shown<CampaignShown> {
  return readRecord(deps, id, reading(actor))
}

export function listCampaigns(
  deps: DeskDeps,
  actor: Actor,
  page: PageOptions,
): Page<CampaignShown> {
  return listRecords(deps, page, reading(actor))
}

function reading(actor: Actor): Reading<Campaign, CampaignShown> {
  const show = (id: string, fields: Campaign) => ({ id, ...fields })
  return { kind: CAMPAIGN_KIND, visible: ({ owner }) => sees(actor, owner), show }
}

const AT_MOST = [
  ['bounced', 'sent'],
  ['delivered', 'sent'],
  ['clicked', 'delivered'],
  ['wasted', 'impressions'],
] as const

function* contradictions(given: CampaignBody): Iterable<Problem> {
  const { startsOn, endsOn, control } = given
  for (const field of ['startsOn', 'endsOn'] as const)
    if (given[field] !== undefined && !isDay(given[field])) yield { field, reason: 'is no day' }
  if (startsOn !== undefined && endsOn !== undefined && endsOn < startsOn)
    yield { field: 'endsOn', reason: 'must not be before startsOn' }
  for (const [field, most] of AT_MOST) {
    const [count, all] = [given[field], given[most]]
    if (typeof count === 'number' && typeof all === 'number' && count > all)
      yield { field, reason: `must not be more than ${most}` }
  }
  if (typeof control === 'object' && control.converted > control.people)
    yield { field: 'control.converted', reason: 'must not be more than control.people' }
}

/** One answer for what is not there and what is somebody else's. */
function* strangers(given: CampaignBody, snapshot: CatalogSnapshot): Iterable<Problem> {
  const { owner, excluded } = given
  for (const field of [...FIGURE_NAMES, 'control'] as const) {
    const id = given[field]
    if (typeof id !== 'string') continue
    const trait = snapshot.kind(TRAIT_KIND).get(id)?.value as Trait | undefined
    if (trait?.owner !== owner) yield { field, reason: `${owner} has no trait ${id}` }
  }
  if (excluded === undefined) return
  const segment = snapshot.kind(SEGMENT_KIND).get(excluded)?.value as Segment | undefined
  if (segment?.owner !== owner || segment.rule === undefined)
    yield { field: 'excluded', reason: `${owner} has no segment ${excluded} with a rule` }
}
