import type { CompiledDeal } from './buyer-view.ts'
import type { ParsedDeal } from './compile-deals.ts'
import type { CompiledPartner, Partners } from './compile-partners.ts'
import type { CompiledSegment, Segments } from './compile-segments.ts'

/** A deal with what decides whether it is live; who may have it is decided by where it stands. */
export interface DealTerms {
  readonly deal: CompiledDeal
  readonly seller: CompiledPartner
  /** Neither the seller nor the exchange is paused. */
  readonly partiesActive: boolean
  /** Segments of the audience, each once; undefined where one of them does not exist. */
  readonly audience: readonly CompiledSegment[] | undefined
}

/** What a deal's terms follow from besides its own record. */
export interface Around {
  readonly partners: Partners
  readonly segments: Segments
}

interface Made {
  /** Of which the terms were last known to be true. */
  around: Around
  readonly exchange: CompiledPartner
  readonly terms: DealTerms
  /** Everything the record names was there. */
  readonly whole: boolean
}

/** The last made of each deal, taken again while it would come out the same. */
const made = new WeakMap<ParsedDeal, Made>()

/** Undefined where the seller or the exchange is no partner any more. */
export function dealTerms(parsed: ParsedDeal, around: Around): DealTerms | undefined {
  const known = made.get(parsed)
  if (known && isStillTrue(known, parsed, around)) return known.terms
  const exchange = around.partners.byId.get(parsed.record.exchange)
  const seller = around.partners.byId.get(parsed.record.seller)
  if (!exchange || !seller) return undefined
  const terms = makeTerms(parsed, { seller, exchange }, around)
  const owners = new Set(terms.audience?.map((segment) => segment.owner))
  const whole = terms.audience !== undefined && terms.deal.providers.length === owners.size
  made.set(parsed, { around, exchange, terms, whole })
  return terms
}

/** Partners and segments keep their objects while they do not change: comparing those is enough. */
function isStillTrue(known: Made, { record }: ParsedDeal, around: Around): boolean {
  const { partners, segments } = around
  if (known.around.partners === partners && known.around.segments === segments) return true
  const { seller, audience = [], deal } = known.terms
  const same =
    known.whole &&
    partners.byId.get(record.exchange) === known.exchange &&
    partners.byId.get(record.seller) === seller &&
    audience.every((segment) => segments.byId.get(segment.id) === segment) &&
    deal.providers.every((provider) => partners.byId.get(provider.id) === provider)
  if (same) known.around = around
  return same
}

function makeTerms(
  parsed: ParsedDeal,
  { seller, exchange }: { seller: CompiledPartner; exchange: CompiledPartner },
  { partners, segments }: Around,
): DealTerms {
  const { any, all, none } = parsed
  const known = new Map<string, CompiledSegment>()
  let whole = true
  for (const id of [...any, ...all, ...none]) {
    const segment = segments.byId.get(id)
    if (segment) known.set(id, segment)
    else whole = false
  }
  const numbers = (ids: readonly string[]) => ids.map((id) => known.get(id)?.number ?? 0)
  const audience = [...known.values()]
  const owners = new Set(audience.map((segment) => segment.owner))
  const deal: CompiledDeal = {
    id: parsed.id,
    wireId: parsed.wireId,
    seller,
    providers: [...owners].flatMap((owner) => partners.byId.get(owner) ?? []),
    any: numbers(any),
    all: numbers(all),
    none: numbers(none),
    sites: parsed.sites,
    json: parsed.json,
  }
  return {
    deal,
    seller,
    partiesActive: seller.active && exchange.active,
    audience: whole ? audience : undefined,
  }
}
