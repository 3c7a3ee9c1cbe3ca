/** What may be at hand now, or only later. Callers await only a promise: a hit costs no microtask. */
export type Soon<T> = T | Promise<T>

/** True where the value is still on its way. */
export function isLater<T>(value: Soon<T>): value is Promise<T> {
  return value instanceof Promise
}
