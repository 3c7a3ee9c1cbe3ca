/**
 * What `work` gives, or what `late` does (it may throw) where that takes longer than a caller should wait. The
 * work goes on: what it finds meanwhile is for the next who asks.
 */
export async function orWhenLate<T, L>(
  work: Promise<T>,
  waitMs: number,
  late: () => L,
): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<symbol>((resolve) => {
    timer = setTimeout(() => resolve(LATE), waitMs)
  })
  // Whoever gave up is not told any more that it failed.
  work.catch(() => {})
  const first = await Promise.race([work, waited]).finally(() => clearTimeout(timer))
  return first === LATE ? late() : (first as T)
}

const LATE = Symbol('late')
