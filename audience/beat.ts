/** How often a process that has nothing to do wakes up: what is done regularly is done at one of these. */
const BEAT_MS = 50

interface Beating {
  /** Done with each of so many beats. */
  every: number
  run: () => void
}

const beating = new Set<Beating>()
let timer: NodeJS.Timeout | undefined
let beats = 0

/**
 * Runs something every so many milliseconds; returns what ends it. Waking up costs a process more than most of what it then
 * looks at, so all that goes by a multiple of 50 ms shares one timer, and 200 ms, 500 ms and a second fall on the
 * same beat; what goes by another time has a timer of its own. None keeps the process running.
 */
export function everyBeat(everyMs: number, run: () => void): () => void {
  if (everyMs <= 0 || everyMs % BEAT_MS !== 0) return everyTimer(everyMs, run)
  const one: Beating = { every: everyMs / BEAT_MS, run }
  beating.add(one)
  if (timer === undefined) {
    timer = setInterval(beat, BEAT_MS)
    timer.unref()
  }
  return () => {
    if (!beating.delete(one) || beating.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function beat(): void {
  beats++
  for (const { every, run } of beating) if (beats % every === 0) run()
}

function everyTimer(everyMs: number, run: () => void): () => void {
  const own = setInterval(run, everyMs)
  own.unref()
  return () => clearInterval(own)
}
