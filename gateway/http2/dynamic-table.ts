import { Http2Error } from './reasons.ts'
import { STATIC_TABLE } from './static-table.ts'

/** What an entry counts beside its name and value (RFC 7541 §4.1). */
export const ENTRY_BYTES = 32

/** The table of a decoder: the static one, then what its peer put there, the newest first (RFC 7541 §2.3). */
export class DynamicTable {
  /** Names and values by turns, the oldest first. */
  readonly #entries: string[] = []
  readonly #bytesMost: number
  #bytesMax: number
  #bytes = 0
  /** Grows with each change: what was decoded before may mean something else after. */
  version = 0

  constructor(bytesMost: number) {
    this.#bytesMost = this.#bytesMax = bytesMost
  }

  /** Bytes its entries count. */
  get bytes(): number {
    return this.#bytes
  }

  name(index: number): string {
    const entry = STATIC_TABLE[index - 1]
    return entry === undefined ? this.#entries[this.#at(index)]! : entry[0]
  }

  value(index: number): string {
    const entry = STATIC_TABLE[index - 1]
    return entry === undefined ? this.#entries[this.#at(index) + 1]! : entry[1]
  }

  /** An entry longer than the whole table empties it (RFC 7541 §4.4). */
  add(name: string, value: string): void {
    const bytes = bytesOf(name, value)
    this.#shrink(this.#bytesMax - bytes)
    this.version++
    if (bytes > this.#bytesMax) return
    this.#entries.push(name, value)
    this.#bytes += bytes
  }

  /** RFC 7541 §4.3, §6.3 */
  resize(bytesMax: number): void {
    if (bytesMax > this.#bytesMost) throw new Http2Error('hpack')
    this.#bytesMax = bytesMax
    this.version++
    this.#shrink(bytesMax)
  }

  #at(index: number): number {
    const at = this.#entries.length - 2 * (index - STATIC_TABLE.length)
    if (index === 0 || at < 0) throw new Http2Error('hpack')
    return at
  }

  #shrink(bytesMax: number): void {
    let gone = 0
    while (this.#bytes > bytesMax && gone < this.#entries.length) {
      this.#bytes -= bytesOf(this.#entries[gone]!, this.#entries[gone + 1]!)
      gone += 2
    }
    if (gone > 0) this.#entries.splice(0, gone)
  }
}

function bytesOf(name: string, value: string): number {
  return name.length + value.length + ENTRY_BYTES
}
