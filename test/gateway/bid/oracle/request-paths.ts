import { type OrderedValue, parseOrdered, plainOf } from '../../../support/ordered-json.ts'

/** A request read slowly: every occurrence of a path, also where a member stands twice. */
export class SlowRequest {
  readonly bytes: Buffer
  readonly root: OrderedValue

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.root = parseOrdered(bytes)
  }

  /** All values at a path of member names, in the order they stand; those of `[]` are elements. */
  all(path: string): OrderedValue[] {
    let values = [this.root]
    for (const step of path.split('.'))
      values = values.flatMap((value) => (step === '[]' ? value.items : under(value, step)))
    return values
  }

  /** The same as JSON.parse would have them. */
  plain(...paths: string[]): unknown[] {
    return paths.flatMap((path) => this.all(path)).map((value) => plainOf(value, this.bytes))
  }

  /** Written as an id: text decoded, a number as it stands; undefined for anything else. */
  idOf(value: OrderedValue | undefined): string | undefined {
    if (value === undefined) return undefined
    const plain = plainOf(value, this.bytes)
    if (typeof plain === 'number') return this.bytes.toString('utf8', value.start, value.end)
    if (typeof plain !== 'string') return undefined
    const bytes = Buffer.byteLength(plain)
    return bytes >= 1 && bytes <= 512 && !/[\x00-\x1f\x7f]/.test(plain) ? plain : undefined
  }
}

/** Members of an object with this name. */
export function under(value: OrderedValue, name: string): OrderedValue[] {
  return value.members.filter(([key]) => key === name).map(([, member]) => member)
}
