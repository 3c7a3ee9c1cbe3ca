// biome-ignore lint/suspicious/noExplicitAny: any verb with any arguments
type Verb = (deps: any, ...rest: any[]) => unknown

// biome-ignore lint/suspicious/noExplicitAny: any verb's further arguments
type Bound<F> = F extends (deps: any, ...rest: infer A extends any[]) => infer R
  ? (...rest: A) => R
  : never

/** Verbs without their first argument. */
export type BoundVerbs<V> = { [Name in keyof V]: Bound<V[Name]> }

/** Gives every verb what it works with. */
export function bindVerbs<V extends Record<string, Verb>>(
  verbs: V,
  deps: Parameters<V[keyof V]>[0],
): BoundVerbs<V> {
  const bound = Object.entries(verbs).map(([name, verb]) => [
    name,
    (...rest: unknown[]) => verb(deps, ...rest),
  ])
  return Object.fromEntries(bound) as BoundVerbs<V>
}
