import { createHash } from 'node:crypto'
import type { Provenance } from '../provenance.ts'
import { type Expression, segmentsOf, traitsOf } from '../rules/expression.ts'
import type { Segment } from '../segment.ts'
import type { Licences, SourceLicence } from './licences.ts'
import { treeOf } from './rule-tree.ts'
import type { Trait } from './trait.ts'

export interface BookTrait {
  id: string
  number: number
  ttlDays: number
  /** The one source it sees; undefined: those as strong as its provenance, and of no third party. */
  source: string | undefined
  provenance: Provenance
  /** First moment at which it may no longer be used; Infinity: always; 0: not now. */
  untilMs: number
}

/** A segment with a rule. */
export interface BookRule {
  id: string
  /** Number of the segment. */
  segment: number
  ttlDays: number
  tree: Expression
  /** First moment at which something it asks for may no longer be used; Infinity: always. */
  untilMs: number
  /** Traits it asks for, itself or through the rules of other segments. */
  reach: ReadonlySet<string>
  /** Segments it asks for itself. */
  asked: ReadonlySet<string>
  /** Names all that decides who is in the segment: two rules of one signature decide the same. */
  signature: string
}

/** Undefined where what it saw may never be used again. */
export function bookTrait(
  id: string,
  { number, ttlDays, source, provenance }: Trait,
  licences: Licences | undefined,
): BookTrait | undefined {
  const licence = source === undefined ? OWN : (licences?.source(source) ?? OWN)
  if (licence.state === 'over') return undefined
  const untilMs =
    licence.state === 'live' ? licence.untilMs : licence.state === 'own' ? Infinity : 0
  return { id, number, ttlDays, source, provenance: provenance ?? 'first_party', untilMs }
}

const OWN: SourceLicence = { state: 'own' }

/** What rules of one owner are put in order with. */
export interface RuleOrderOptions {
  segments: ReadonlyMap<string, Segment>
  traits: ReadonlyMap<string, BookTrait>
  licences: Licences | undefined
  timeZone: string
}

/**
 * Rules, each behind those it asks for. One on a circle, which the desk refuses, is left out; so is one that asks, itself
 * or over another, for what may not be used now: it holds for nobody.
 */
export class RuleOrder {
  readonly rules: BookRule[] = []
  readonly #options: RuleOrderOptions
  readonly #done = new Map<string, BookRule | undefined>()

  constructor(options: RuleOrderOptions) {
    this.#options = options
    for (const id of options.segments.keys()) this.#add(id)
  }

  #add(id: string): BookRule | undefined {
    if (this.#done.has(id)) return this.#done.get(id)
    this.#done.set(id, undefined)
    const segment = this.#options.segments.get(id)
    const tree = segment?.rule === undefined ? undefined : treeOf(segment.rule)
    const asked = segment && tree && this.#askedBy(tree)
    if (!asked) return undefined
    const { number, ttlDays } = segment
    const { others, days, ...what } = asked
    const signature = signatureOf([this.#options.timeZone, ttlDays, tree, others, days])
    const rule = { id, segment: number, ttlDays, tree, ...what, signature }
    this.#done.set(id, rule)
    this.rules.push(rule)
    return rule
  }

  /** Undefined where something of it may not be used. */
  #askedBy(tree: Expression) {
    const { traits, segments, licences } = this.#options
    const reach = traitsOf(tree)
    const others: unknown[] = []
    let untilMs = Number.POSITIVE_INFINITY
    const asked = segmentsOf(tree)
    for (const id of asked) {
      const own = segments.get(id)
      const other = own?.rule === undefined ? (own ?? licences?.segment(id)) : this.#add(id)
      if (!other) return undefined
      if ('untilMs' in other) untilMs = Math.min(untilMs, other.untilMs)
      for (const trait of 'reach' in other ? other.reach : []) reach.add(trait)
      others.push([id, 'signature' in other ? other.signature : other.number, untilMs])
    }
    const days = [...reach].sort().map((id) => traits.get(id))
    for (const trait of days) {
      if (!trait || trait.untilMs === 0) return undefined
      untilMs = Math.min(untilMs, trait.untilMs)
    }
    return { reach, asked, untilMs, others, days }
  }
}

function signatureOf(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}
