import { halfEven } from '../usage/price/half-even.ts'

const ALL_BPS = 10_000n

/** An amount, and how it is divided between the exchange and the seller. */
export interface Divided {
  amountMicros: number
  feeBps: number
  feeMicros: number
  payoutMicros: number
}

/** Takes the platform's fee, in basis points, from an amount; both sides see it. */
export function divided(amountMicros: bigint, feeBps: number): Divided {
  const fee = halfEven(amountMicros * BigInt(feeBps), ALL_BPS)
  return {
    amountMicros: Number(amountMicros),
    feeBps,
    feeMicros: Number(fee),
    payoutMicros: Number(amountMicros - fee),
  }
}
