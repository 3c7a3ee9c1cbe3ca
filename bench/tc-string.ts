/** Writes TCF v2.3 strings bit by bit (IAB "Consent string and vendor list formats v2"), for the workload only. */
export interface TcOptions {
  /** Days since the epoch of creation and last update. */
  createdDay: number
  /** Vendors with consent, legitimate interest and disclosure: bit v-1 of each. */
  vendorsMax: number
  has: (vendor: number) => boolean
}

const PURPOSES = [1, 2, 3, 4, 7, 9, 10]

export function writeTcString({ createdDay, vendorsMax, has }: TcOptions): string {
  const deciseconds = createdDay * 864_000
  const core = new Bits().int(6, 2).int(36, deciseconds).int(36, deciseconds)
  core.int(12, 31).int(12, 1).int(6, 1).int(6, 5).int(6, 17).int(12, 17).int(6, 5)
  core
    .int(1, 1)
    .int(1, 0)
    .int(12, 0)
    .set(24, (p) => PURPOSES.includes(p))
    .set(24, () => false)
  core.int(1, 0).int(6, 5).int(6, 17)
  core.int(16, vendorsMax).int(1, 0).set(vendorsMax, has)
  core
    .int(16, vendorsMax)
    .int(1, 0)
    .set(vendorsMax, (v) => has(v) && v % 2 === 1)
  core.int(12, 0)
  const disclosed = new Bits().int(3, 1).int(16, vendorsMax).int(1, 0).set(vendorsMax, has)
  return `${core.text()}.${disclosed.text()}`
}

class Bits {
  #bits: number[] = []

  int(width: number, value: number): this {
    for (let i = width - 1; i >= 0; i--) this.#bits.push(Math.floor(value / 2 ** i) % 2)
    return this
  }

  set(width: number, has: (position: number) => boolean): this {
    for (let i = 1; i <= width; i++) this.#bits.push(has(i) ? 1 : 0)
    return this
  }

  text(): string {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8))
    this.#bits.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (7 - (i & 7))
    })
    return Buffer.from(bytes).toString('base64url')
  }
}
