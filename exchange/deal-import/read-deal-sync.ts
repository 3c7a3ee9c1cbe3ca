import { alpha3Of, countryOf } from '../../audience/countries.ts'
import type { DealDocument, SenderFields } from './deal-document.ts'
import type { ForeignDocument } from './foreign-document.ts'
import { given } from './given.ts'
import { lastDayOf } from './last-day-of.ts'
import type { SellerStatus } from './reasons.ts'

const STATUSES: Readonly<Record<number, SellerStatus>> = {
  0: 'active',
  1: 'paused',
  2: 'pending',
  3: 'complete',
  4: 'archived',
}

/** 0: the request's own `at` decides. */
const PRICE_TYPES: Readonly<Record<number, 0 | 1 | 2 | 3>> = { 0: 0, 1: 1, 2: 2, 3: 3 }
const PRICE_TYPE_DEFAULT = 2
/** `dinventory`: the sites listed may change once the deal is live. */
const INVENTORY_CHANGES = 2

const NAMES = {
  dealId: 'id',
  status: 'sellerstatus',
  exchange: 'origin',
  bidfloor: 'terms.dealfloor',
  bidfloorcur: 'terms.cur',
  at: 'terms.pricetype',
  guar: 'terms.guar',
  startsAt: 'terms.startdate',
  endsAt: 'terms.enddate',
  regions: 'terms.countries',
  site: 'inventory.sitedomains',
}

/** A Deal of IAB Tech Lab's Deal Sync API 1.0 (IABTechLab/deal-api, deal1.0.md). */
export function readDealSync(doc: ForeignDocument): DealDocument {
  const dealId = doc.requiredText('id') ?? ''
  const origin = doc.requiredText('origin')?.toLowerCase()
  doc.requireObject('terms')
  if (doc.texts('bseat'))
    doc.wrong(
      'bseat',
      'a request can name the seats that may buy, not those that may not: send wseat',
    )
  const sellerStatus = doc.intOf('sellerstatus', STATUSES) ?? 'active'
  const fields = fieldsOf(doc)
  doc.keep('described', 'created', 'desc', 'auxdata', 'pubcount', 'dinventory', 'ext')
  doc.keep('described', 'terms.units', 'terms.totalcost', 'terms.ext')
  doc.keep('described', 'curation', 'inventory.ext')
  doc.keep('not_applied', 'adtypes', 'inventory.inclinventory', 'inventory.devicetype')
  doc.keep('not_applied', 'inventory.sellerids', 'inventory.cat', 'inventory.cattax')
  return {
    dialect: 'deal_sync',
    dealId,
    origin,
    seller: doc.text('seller')?.toLowerCase(),
    sellerStatus,
    fields,
    names: NAMES,
    kept: doc.kept,
    keptFields: doc.keptFields,
    ignored: doc.ignored(),
    problems: doc.problems,
  }
}

function fieldsOf(doc: ForeignDocument): SenderFields {
  const priceType = doc.has('terms.pricetype')
    ? doc.intOf('terms.pricetype', PRICE_TYPES)
    : PRICE_TYPE_DEFAULT
  return {
    ...given('name', doc.text('name')),
    ...given('bidfloor', doc.amount('terms.dealfloor')),
    ...given('bidfloorcur', doc.text('terms.cur')),
    ...given('at', priceType || undefined),
    ...given('guar', doc.intOf('terms.guar', { 0: undefined, 1: 1 as const })),
    ...given('wseat', doc.texts('wseat')),
    ...given('startsAt', doc.text('terms.startdate')),
    ...given('endsAt', lastDayOf(doc.text('terms.enddate'))),
    ...given('regions', regionsOf(doc)),
    ...given('site', sitesOf(doc)),
  }
}

/** ISO 3166-1 alpha-3, as the specification says; alpha-2 means the same. */
function regionsOf(doc: ForeignDocument): string[] | undefined {
  const path = 'terms.countries'
  const regions = doc.texts(path)?.map((text, i) => {
    const code = alpha3Of(countryOf(text))
    return code ?? doc.wrong(`${path}.${i}`, `${text} is no country of ISO 3166-1`)
  })
  return regions && [...new Set(regions.filter((region) => region !== undefined))]
}

/** Sites and apps the deal is limited to; where the list may change behind our back it limits nothing. */
function sitesOf(doc: ForeignDocument): string[] | undefined {
  const lists = ['inventory.sitedomains', 'inventory.appbundles']
  if (doc.int('dinventory') === INVENTORY_CHANGES) {
    doc.keep('not_applied', ...lists)
    return undefined
  }
  const sites = lists.flatMap((path) => doc.texts(path) ?? [])
  return sites.length > 0 ? [...new Set(sites)] : undefined
}
