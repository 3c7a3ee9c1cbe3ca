import { COUNTRIES_COUNT, countryOf, REGIONS } from '../audience/countries.ts'

/** Countries in classes, by the lists of regions that contracts and deals are limited to. */
export interface CountryClasses {
  /**
   * By country index: its class. Countries that the same lists of regions cover share one, so that
   * views are made per class. Class 0 is covered by none: absent and other countries are in it.
   */
  readonly classOf: Uint16Array
  /** By class: the lists of regions that cover it. */
  readonly covers: readonly ReadonlySet<string>[]
}

/** The name of a list of regions, whatever their order; '' for everywhere. */
export function regionsKey(regions: readonly string[] | undefined): string {
  return [...(regions ?? [])].sort().join(' ')
}

export function compileRegions(lists: ReadonlySet<string>): CountryClasses {
  const coveredBy: string[][] = Array.from({ length: COUNTRIES_COUNT }, () => [])
  for (const list of lists) for (const country of countriesIn(list)) coveredBy[country]!.push(list)
  const classes = new Map([['', 0]])
  const covers: ReadonlySet<string>[] = [new Set()]
  const classOf = new Uint16Array(COUNTRIES_COUNT)
  coveredBy.forEach((names, country) => {
    const signature = names.join('|')
    let known = classes.get(signature)
    if (known === undefined) {
      known = covers.push(new Set(names)) - 1
      classes.set(signature, known)
    }
    classOf[country] = known
  })
  return { classOf, covers }
}

/** Country indexes in a list of regions: `DEU EU` is every country of the EU, each once. */
function countriesIn(list: string): Set<number> {
  const countries = new Set<number>()
  for (const region of list.split(' ')) {
    const members = Object.hasOwn(REGIONS, region)
      ? REGIONS[region as keyof typeof REGIONS]
      : [region]
    for (const alpha3 of members) countries.add(countryOf(alpha3))
  }
  return countries
}
