/** How an owner came by what it knows, the strongest first. */
export const Provenances = {
  first_party: 'From the owner’s own contact with the person.',
  campaign: 'From campaigns the owner ran.',
  second_party: 'From a partner that collected it itself.',
  third_party: 'From a provider that collected it elsewhere.',
} as const
export type Provenance = keyof typeof Provenances

export const PROVENANCE_NAMES = Object.keys(Provenances) as Provenance[]

export function isWeaker(one: Provenance, than: Provenance): boolean {
  return PROVENANCE_NAMES.indexOf(one) > PROVENANCE_NAMES.indexOf(than)
}

/** What is made of several is as good as the weakest of them. */
export function weakest(first: Provenance, ...others: readonly Provenance[]): Provenance {
  return others.reduce((weak, one) => (isWeaker(one, weak) ? one : weak), first)
}

/** What another owner's knowledge is to whoever takes it over: its own first hand becomes a second. */
export function secondHand(provenance: Provenance): Provenance {
  return isWeaker(provenance, 'campaign') ? 'third_party' : 'second_party'
}
