import type { DpFacts, DpParty } from '../../exchange/desk/data-protection-facts.ts'
import type { DpColumn, DpDocument, DpTexts } from './texts.ts'

/** A document as a table in one language, before it takes a form. */
export interface DpTable {
  title: string
  intro: readonly string[]
  columns: readonly { key: DpColumn; label: string }[]
  rows: readonly Readonly<Partial<Record<DpColumn, string>>>[]
}

type Row = Partial<Record<DpColumn, string>>

/** Columns of each document, in their order. */
const COLUMNS: Readonly<Record<DpDocument, readonly DpColumn[]>> = {
  processing: [
    'contract',
    'status',
    'since',
    'until',
    'controllers',
    'processors',
    'purposes',
    'basis',
    'people',
    'data',
    'special',
    'recipients',
    'safeguard',
    'retention',
    'onward',
    'instrument',
  ],
  recipients: [
    'recipient',
    'domain',
    'country',
    'role',
    'purposes',
    'from',
    'since',
    'until',
    'onward',
    'contracts',
  ],
  transfers: [
    'contract',
    'status',
    'from',
    'recipient',
    'country',
    'safeguard',
    'since',
    'until',
    'instrument',
  ],
}

/** Makes a document of what contracts say; what they do not say stands there as not stated. */
export function dpTable(document: DpDocument, facts: readonly DpFacts[], texts: DpTexts): DpTable {
  const rows = {
    processing: () => facts.map((one) => contractRow(one, texts)),
    recipients: () => recipientRows(facts, texts),
    transfers: () =>
      facts.filter(({ leavesEea }) => leavesEea).map((one) => contractRow(one, texts)),
  }
  return {
    title: texts.title[document],
    intro: texts.intro[document],
    columns: COLUMNS[document].map((key) => ({ key, label: texts.column[key] })),
    rows: rows[document]().map((row) =>
      Object.fromEntries(COLUMNS[document].map((key) => [key, row[key] ?? ''])),
    ),
  }
}

function contractRow(facts: DpFacts, texts: DpTexts): Row {
  const { seller, buyer, terms } = facts
  const said = (text: string | undefined) => text ?? texts.notStated
  return {
    contract: `${facts.contract}, v${facts.version}`,
    status: texts.status[facts.status],
    since: facts.since ?? '',
    until: facts.until,
    controllers: partiesAs(facts, texts, ['controller', 'joint']),
    processors: partiesAs(facts, texts, ['processor']),
    purposes: purposesOf(facts, texts),
    basis: said(terms.basis && (texts.basis[terms.basis] ?? terms.basis)),
    people: texts.people,
    data: segmentsOf(facts, texts),
    special: texts.list(facts.sensitive) || texts.none,
    recipient: buyer.name,
    recipients: buyer.name,
    from: seller.name,
    country: buyer.region || texts.notStated,
    safeguard: facts.leavesEea
      ? said(terms.transfer && (texts.transfer[terms.transfer] ?? terms.transfer))
      : texts.noTransfer,
    retention:
      terms.retentionDays === undefined ? texts.notStated : texts.days(terms.retentionDays),
    onward: onwardOf([facts], texts),
    instrument: instrumentOf(facts, texts),
  }
}

/** One row for each buyer, over all of its contracts. */
function recipientRows(facts: readonly DpFacts[], texts: DpTexts): Row[] {
  const byBuyer = new Map<string, DpFacts[]>()
  for (const one of facts) {
    const known = byBuyer.get(one.buyer.id)
    if (known) known.push(one)
    else byBuyer.set(one.buyer.id, [one])
  }
  return [...byBuyer]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, own]) => {
      const { buyer } = own[0]!
      const uses = unique(own.flatMap((one) => one.uses)).sort()
      return {
        recipient: buyer.name,
        domain: buyer.domain,
        country: buyer.region || texts.notStated,
        role: texts.list(unique(own.map((one) => roleOf(one.buyer, texts)))),
        purposes: texts.list(uses.map((use) => texts.use[use])),
        from: texts.list(unique(own.map((one) => one.seller.name)).sort()),
        since: own.flatMap((one) => one.since ?? []).sort()[0] ?? '',
        until: own
          .map((one) => one.until)
          .sort()
          .at(-1)!,
        onward: onwardOf(own, texts),
        contracts: own.map((one) => one.contract).join(', '),
      }
    })
}

/** The parties with one of these roles; who has no role stated is asked for. */
function partiesAs(facts: DpFacts, texts: DpTexts, roles: readonly string[]): string {
  const parties = [
    { name: facts.seller.name, role: facts.seller.role },
    { name: facts.buyer.name, role: facts.buyer.role },
    { name: texts.exchange, role: facts.operator },
  ]
  const named = parties
    .filter(({ role }) => role !== undefined && roles.includes(role))
    .map(({ name, role }) => (role === 'joint' ? `${name} (${texts.role.joint})` : name))
  if (named.length > 0) return texts.list(named)
  return parties.every(({ role }) => role !== undefined) ? texts.none : texts.notStated
}

function purposesOf({ uses, terms: { tcfPurposes = [] } }: DpFacts, texts: DpTexts): string {
  const named = uses.map((use) => texts.use[use])
  const tcf = tcfPurposes.length > 0 ? [texts.purposes([...tcfPurposes].sort((a, b) => a - b))] : []
  return texts.list([...named, ...tcf])
}

function segmentsOf({ segments, moreSegments }: DpFacts, texts: DpTexts): string {
  const more = moreSegments > 0 ? [texts.more(moreSegments)] : []
  return texts.list([...segments, ...more])
}

function roleOf({ role }: DpParty, texts: DpTexts): string {
  return role === undefined ? texts.notStated : texts.role[role]
}

/** Yes where any contract says so, no where all of them do. */
function onwardOf(facts: readonly DpFacts[], texts: DpTexts): string {
  if (facts.some(({ terms }) => terms.onward)) return texts.yes
  return facts.every(({ terms }) => terms.onward === false) ? texts.no : texts.notStated
}

function instrumentOf({ terms: { instrument } }: DpFacts, texts: DpTexts): string {
  const { name, url, sha256 } = instrument ?? {}
  const parts = [name, url, sha256 && `SHA-256 ${sha256}`].filter((part) => part !== undefined)
  return parts.join(', ') || texts.notStated
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}
