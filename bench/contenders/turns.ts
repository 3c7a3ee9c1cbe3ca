/** How the bid path is played in one turn. */
export const WAYS = [
  /** As it is. */
  'whole',
  /** The very same once more: what comes of it is the measure's own error. */
  'again',
  /** As it is, and BURNT_US of work beside: what comes of it is known. */
  'burning',
  /** The same segments are given as if nobody owed anything for them: nothing is counted or sealed. */
  'free',
  /** Nobody notes who was given what about whom. */
  'unnoted',
] as const
export type Way = (typeof WAYS)[number]

export const BURNT_US = 1
const CALIBRATING = 20_000_000

/**
 * Plays one process in several ways, by turns of so many requests, under a load that goes on. A turn ends between two
 * requests, without a pause: what disturbs the machine for longer than a turn disturbs all ways alike.
 */
export class Turns {
  way: Way = 'whole'
  readonly #burning = loopsIn(BURNT_US)
  #left = 0
  #ended = () => {}

  /** To be told of each request. */
  count(): void {
    if (this.way === 'burning') burn(this.#burning)
    if (--this.#left === 0) this.#ended()
  }

  /** CPU of the process (all its threads), microseconds a request, of each turn. */
  play(ways: readonly Way[], requests: number): Promise<number[]> {
    const us: number[] = []
    const begin = () => {
      this.way = ways[us.length]!
      this.#left = requests
    }
    begin()
    let before = process.cpuUsage()
    return new Promise((resolve) => {
      this.#ended = () => {
        const now = process.cpuUsage()
        us.push((now.user + now.system - before.user - before.system) / requests)
        before = now
        if (us.length < ways.length) begin()
        else resolve(us)
      }
    })
  }
}

let burnt = 1

/** Each step waits for the one before it, so that a loop takes as long wherever it is run. */
function burn(loops: number): void {
  let x = burnt
  for (let i = 0; i < loops; i++) x = Math.imul(x, 0x9e3779b1) ^ i
  burnt = x
}

function loopsIn(us: number): number {
  burn(CALIBRATING)
  const before = process.cpuUsage()
  burn(CALIBRATING)
  const { user, system } = process.cpuUsage(before)
  return Math.round((us * CALIBRATING) / (user + system))
}
