const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ H: 3_600_000, M: 60_000, S: 1_000 },
  ...{ m: 1, u: 1e-3, n: 1e-6 },
}
const FORM = /^(\d{1,8})([HMSmun])$/

/** `grpc-timeout` in milliseconds; Infinity where there is none, or none that can be read: such a client waits as its request says. */
export function timeoutMs(text: string): number {
  const [, number, unit] = FORM.exec(text) ?? []
  return unit === undefined ? Number.POSITIVE_INFINITY : Number(number) * UNIT_MS[unit]!
}
