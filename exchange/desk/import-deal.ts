import { createHash } from 'node:crypto'
import { type Problem, Refused, refuse } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { type DealBody, type DealRecord, wireIdOf } from '../deal.ts'
import type { DealDocument } from '../deal-import/deal-document.ts'
import type { DealSource } from '../deal-import/deal-source.ts'
import { dealNames } from '../deal-names.ts'
import { LIMITS } from '../limits.ts'
import type { PartnerRecord } from '../partner.ts'
import { malformedDeal, refuseTakenWireId, senselessDeal } from './check-deal.ts'
import { checkDeal, type DealShown, reading, refuseOpening } from './deals.ts'
import { type Actor, type DeskDeps, isExchange, sees, snapshotOf } from './desk.ts'
import { type StagedWrite, stagedWrite } from './staged-write.ts'
import { writeRecord } from './write-record.ts'

/** Who sells a deal and who honours its id, where the document does not say; partner ids. */
export interface ImportParties {
  seller?: string
  exchange?: string
}

/** What became of one document. */
export type DealImported =
  | { outcome: 'created' | 'updated' | 'unchanged'; deal: DealShown }
  | { outcome: 'refused'; error: Refused }

export interface DealsImported {
  /** One for each document, in their order. */
  results: DealImported[]
  written: StagedWrite[]
}

/**
 * Makes or updates the deals that foreign documents speak of, in one write; each document is taken or refused
 * by itself. It is the same deal where exchange and the origin's id are the same. What the sender said
 * before and leaves out now is taken away; audience, buyers and the desk's own status stay. The seller's
 * side may, or an operator. A refusal names every field at fault as the document does.
 */
export async function importDeals(
  deps: DeskDeps,
  actor: Actor,
  {
    documents,
    parties,
  }: { documents: readonly (DealDocument | Refused)[]; parties: ImportParties },
): Promise<DealsImported> {
  const { value: results, written } = await stagedWrite(deps, async (staged) => {
    const room = roomFor(staged, actor)
    const all: DealImported[] = []
    for (const document of documents)
      all.push(await imported(staged, actor, { document, parties, room }))
    return all
  })
  return { results, written }
}

interface Importing {
  document: DealDocument | Refused
  parties: ImportParties
  room: { deals: number }
}

async function imported(
  deps: DeskDeps,
  actor: Actor,
  { document, parties, room }: Importing,
): Promise<DealImported> {
  try {
    if (document instanceof Refused) throw document
    return await importDeal(deps, actor, { document, parties, room })
  } catch (error) {
    if (error instanceof Refused) return { outcome: 'refused', error }
    throw error
  }
}

async function importDeal(
  deps: DeskDeps,
  actor: Actor,
  { document, parties, room }: Importing & { document: DealDocument },
): Promise<DealImported> {
  const problems = [...document.problems]
  const snapshot = snapshotOf(deps)
  const exchange = exchangeOf(document, parties, { snapshot, problems })
  const known = { ...parties, ...(exchange === undefined ? {} : { exchange }) }
  const seller = sellerOf(document, known, { snapshot, problems })
  refuseUnlessOwn(actor, seller)
  if (problems.length > 0 || exchange === undefined || seller === undefined)
    throw new Refused('invalid', problems)
  const id = idFor(document.dealId, exchange, snapshot)
  const existing = snapshot.kind('deal').get(id)
  const decide = (): { value: DealRecord } => {
    const before = existing?.value as DealRecord | undefined
    if (!before && room.deals < 1) throw refuseTooMany()
    refuseForeign(before, { seller, document })
    const value = merged(before, document, { id, seller, exchange })
    refuseUnfit(value, { document, snapshot })
    refuseTakenWireId(id, value, snapshot)
    refuseOpening(deps, { id, before, value }, snapshot)
    return { value }
  }
  const written = await writeRecord<DealRecord>(deps, { kind: 'deal', id }, { decide })
  if (written.created) room.deals--
  const isSame = written.version === existing?.version
  return {
    outcome: written.created ? 'created' : isSame ? 'unchanged' : 'updated',
    deal: reading(actor).show(id, written.value!),
  }
}

/** How many deals more the caller may bring in: a partner's key must not fill the catalog. */
function roomFor(deps: DeskDeps, { operator, partner }: Actor): { deals: number } {
  if (operator) return { deals: Number.POSITIVE_INFINITY }
  let own = 0
  for (const { value } of snapshotOf(deps).kind('deal').values())
    if ((value as DealRecord).seller === partner) own++
  return { deals: LIMITS.sellerDealsMax - own }
}

function refuseTooMany() {
  return refuse('conflict', '', `a partner brings in ${LIMITS.sellerDealsMax} deals at most`)
}

/** The imported deal that an origin's id names, as the caller may see it; several where several exchanges use it. */
export function dealsCalled(deps: DeskDeps, actor: Actor, dealId: string): DealShown[] {
  const { visible, show } = reading(actor)
  const found: DealShown[] = []
  for (const { id, value } of snapshotOf(deps).kind('deal').values()) {
    const deal = value as DealRecord
    if (wireIdOf(id, deal) === dealId && visible(deal, id)) found.push(show(id, deal))
  }
  return found
}

interface Finding {
  snapshot: CatalogSnapshot
  problems: Problem[]
}

/** The partner that honours the id: named by its domain, else as the caller's parties say. */
function exchangeOf(
  { origin, names }: DealDocument,
  { exchange }: ImportParties,
  { snapshot, problems }: Finding,
): string | undefined {
  const field = names.exchange ?? 'exchange'
  if (origin === undefined) {
    if (exchange === undefined && names.exchange === undefined)
      problems.push({ field, reason: 'say with ?exchange= which partner honours the id' })
    return exchange
  }
  const partners = partnersAt(origin, snapshot)
  if (exchange !== undefined && partners.includes(exchange)) return exchange
  const [first, ...others] = partners
  if (first === undefined) problems.push({ field, reason: `no partner has the domain ${origin}` })
  else if (others.length > 0)
    problems.push({
      field,
      reason: `${partners.join(' and ')} have the domain ${origin}: say which with ?exchange=`,
    })
  return others.length > 0 ? undefined : first
}

function sellerOf(
  { seller: domain, names }: DealDocument,
  { seller, exchange }: ImportParties,
  { snapshot, problems }: Finding,
): string | undefined {
  if (domain === undefined) return seller ?? exchange
  const partners = partnersAt(domain, snapshot)
  if (seller !== undefined && partners.includes(seller)) return seller
  const field = names.seller ?? 'seller'
  if (partners.length === 1) return partners[0]
  const reason =
    partners.length === 0
      ? `no partner has the domain ${domain}`
      : `${partners.join(' and ')} have the domain ${domain}: say which with ?seller=`
  problems.push({ field, reason })
  return undefined
}

function partnersAt(domain: string, snapshot: CatalogSnapshot): string[] {
  return [...snapshot.kind('partner').values()]
    .filter(({ value }) => (value as PartnerRecord).domain === domain)
    .map(({ id }) => id)
}

/** A partner's key brings its own deals, whatever else a document says. */
function refuseUnlessOwn(actor: Actor, seller: string | undefined): void {
  if (isExchange(actor)) return
  if (seller === undefined || !sees(actor, seller))
    throw refuse('forbidden', 'seller', 'is not you: a partner imports the deals it sells itself')
}

function refuseForeign(
  before: DealRecord | undefined,
  { seller, document }: { seller: string; document: DealDocument },
): void {
  if (before && before.seller !== seller)
    throw refuse('conflict', document.names.dealId, 'another seller has a deal of this id')
  if (before?.source?.status === 'archived' && document.sellerStatus !== 'archived')
    throw refuse(
      'conflict',
      document.names.status,
      'the seller archived it: it cannot be active again',
    )
}

/** What the sender says over what the desk has; what it said before and no longer says is gone. */
function merged(
  before: DealRecord | undefined,
  document: DealDocument,
  { id, seller, exchange }: { id: string; seller: string; exchange: string },
): DealRecord {
  const { source: beforeSource, ...beforeFields } = before ?? {}
  const stays = Object.fromEntries(
    Object.entries(beforeFields).filter(([field]) => !beforeSource?.fields.includes(field)),
  ) as Partial<DealBody>
  const source: DealSource = {
    dialect: document.dialect,
    status: document.sellerStatus,
    fields: Object.keys(document.fields).sort(),
    kept: document.kept,
  }
  return {
    name: document.dealId,
    ...stays,
    ...document.fields,
    ...(id === document.dealId ? {} : { dealId: document.dealId }),
    seller,
    exchange,
    status: stays.status ?? 'active',
    source,
  }
}

/** As the desk would refuse it, in the sender's words. */
function refuseUnfit(
  { source, ...body }: DealRecord,
  { document, snapshot }: { document: DealDocument; snapshot: CatalogSnapshot },
): void {
  const wrong = checkDeal(body)
  const problems =
    wrong.length > 0 ? wrong : [...malformedDeal(body), ...senselessDeal(body, snapshot)]
  if (Buffer.byteLength(JSON.stringify(source?.kept)) > LIMITS.dealKeptBytesMax)
    problems.push({ field: '', reason: 'describes more than the 8 KiB that are kept of a deal' })
  if (problems.length === 0) return
  throw new Refused(
    wrong.length > 0 ? 'invalid' : 'unprocessable',
    problems.map(({ field, reason }) => ({ field: theirName(field, document), reason })),
  )
}

/** `wseat.2` as the document calls it: `buyer_seat_ids.2`. */
function theirName(field: string, { names }: DealDocument): string {
  const [head = '', ...rest] = field.split('.')
  const own = names[head as keyof DealDocument['names']]
  return own === undefined ? field : [own, ...rest].join('.')
}

/** The id a deal has here: the one it has already, else its origin's where that fits and is free. */
function idFor(dealId: string, exchange: string, snapshot: CatalogSnapshot): string {
  const deals = snapshot.kind('deal')
  const [known] = dealNames.idsOf(deals, exchange, dealId)
  if (known !== undefined) return known
  const plain = dealId
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, ID_CHARS_MAX)
  if (plain !== '' && !deals.has(plain)) return plain
  const mark = createHash('sha256').update(`${exchange} ${dealId}`).digest('hex').slice(0, 12)
  return `${plain.slice(0, ID_CHARS_MAX - mark.length - 1) || 'deal'}-${mark}`
}

const ID_CHARS_MAX = 63
