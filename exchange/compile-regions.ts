import { COUNTRIES_COUNT, countryOf } from '../audience/countries.ts'
import { countriesOf } from './countries-of.ts'

/** Countries in classes, by the lists of regions that contracts and deals are limited to. */
export interface CountryClasses {
  readonly lists: ReadonlySet<string>
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

/** Takes over `before` where the lists are the same. */
export function compileRegions(
  lists: ReadonlySet<string>,
  before: CountryClasses | undefined,
): CountryClasses {
  if (before?.lists.size === lists.size && [...lists].every((list) => before.lists.has(list)))
    return before
  const coveredBy: string[][] = Array.from({ length: COUNTRIES_COUNT }, () => [])
  for (const list of lists)
    for (const alpha3 of countriesOf(list.split(' '))) coveredBy[countryOf(alpha3)]!.push(list)
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
  return { lists, classOf, covers }
}
