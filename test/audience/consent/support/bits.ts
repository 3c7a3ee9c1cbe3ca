/** Bits written one by one and turned into base64url text: enough to make any string a reader may meet. */
export class Bits {
  #text = ''

  int(count: number, value: number): this {
    this.#text += value.toString(2).padStart(count, '0').slice(-count)
    return this
  }

  /** A bit for each of 1 … count, set where the list has it. */
  set(count: number, list: readonly number[]): this {
    const on = new Set(list)
    for (let i = 1; i <= count; i++) this.#text += on.has(i) ? '1' : '0'
    return this
  }

  /** Padded to whole bytes, or to a multiple of `pad` bits. */
  base64url(pad = 8): string {
    const bits = this.#text.padEnd(Math.ceil(this.#text.length / pad) * pad, '0')
    const whole = bits.padEnd(Math.ceil(bits.length / 6) * 6, '0')
    return (whole.match(/.{6}/g) ?? []).map((six) => ALPHABET[Number.parseInt(six, 2)]).join('')
  }
}

export const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
