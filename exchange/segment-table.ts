const PAGE_BITS = 8
const PAGE = 1 << PAGE_BITS

/** Values by segment number, few of many: an array of short arrays, made where something is kept. */
export class SegmentTable<T> {
  readonly #pages: ((T | undefined)[] | undefined)[] = []

  get(segment: number): T | undefined {
    const page = this.#pages[segment >>> PAGE_BITS]
    return page === undefined ? undefined : page[segment & (PAGE - 1)]
  }

  set(segment: number, value: T): void {
    const index = segment >>> PAGE_BITS
    while (this.#pages.length <= index) this.#pages.push(undefined)
    const page = (this.#pages[index] ??= new Array<T | undefined>(PAGE).fill(undefined))
    page[segment & (PAGE - 1)] = value
  }
}
