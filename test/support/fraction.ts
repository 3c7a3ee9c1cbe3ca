/** Exact rational numbers, for oracles: slow and plain on purpose. */
export class Fraction {
  readonly num: bigint
  readonly den: bigint

  constructor(num: bigint | number, den: bigint | number = 1n) {
    this.num = BigInt(num)
    this.den = BigInt(den)
  }

  plus(other: Fraction): Fraction {
    return new Fraction(this.num * other.den + other.num * this.den, this.den * other.den)
  }

  times(other: Fraction): Fraction {
    return new Fraction(this.num * other.num, this.den * other.den)
  }

  /** Nearest whole number; of two equally near ones the even one. */
  rounded(): bigint {
    const near: bigint[] = []
    const about = this.num / this.den
    for (const whole of [about - 1n, about, about + 1n]) {
      const off = this.num - whole * this.den
      const twice = 2n * (off < 0n ? -off : off)
      if (twice < this.den || (twice === this.den && whole % 2n === 0n)) near.push(whole)
    }
    if (near.length !== 1) throw new Error(`${this.num}/${this.den} has no one nearest number`)
    return near[0]!
  }
}
