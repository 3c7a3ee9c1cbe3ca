import { Presets, SingleBar } from 'cli-progress'
import type { Clock } from '../../audience/clock.ts'
import type { Io } from './io.ts'

const LINE_EVERY_MS = 3_000
const MIB = 1024 * 1024

/** Shows how far an upload is. */
export interface Progress {
  add(bytes: number): void
  stop(): void
}

/**
 * The door of cli-progress: a bar on a terminal, where it is known how much there is; else a line on
 * stderr every few seconds.
 */
export function openProgress(
  { stderr }: Io,
  { bytesTotal, clock }: { bytesTotal: number | undefined; clock: Clock },
): Progress {
  if (stderr.isTTY && bytesTotal !== undefined) return barOf(stderr, bytesTotal, clock)
  const meter = new Meter(bytesTotal, clock)
  const timer = setInterval(() => stderr.write(`${meter.line()}\n`), LINE_EVERY_MS)
  return {
    add: (bytes) => meter.add(bytes),
    stop() {
      clearInterval(timer)
      stderr.write(`${meter.line()}\n`)
    },
  }
}

function barOf(stream: NodeJS.WritableStream, bytesTotal: number, clock: Clock): Progress {
  const format = ' {bar} {percentage} % · {done} of {all} MiB · {rate} MiB/s · {eta_formatted} left'
  const bar = new SingleBar({ format, stream, etaBuffer: 200 }, Presets.shades_classic)
  const meter = new Meter(bytesTotal, clock)
  const shown = () => ({ done: mib(meter.bytes), all: mib(bytesTotal), rate: mib(meter.rate()) })
  bar.start(bytesTotal, 0, shown())
  return {
    add(bytes) {
      meter.add(bytes)
      bar.update(meter.bytes, shown())
    },
    stop() {
      bar.stop()
    },
  }
}

/** Shows how far something is that goes on elsewhere: a share of it, 0 to 1, and words. */
export interface SharePart {
  update(share: number, words: string): void
  stop(): void
}

/** A bar on a terminal, else a line whenever the words are others. */
export function openShare({ stderr }: Io): SharePart {
  if (stderr.isTTY) return shareBar(stderr)
  let last = ''
  return {
    update(_share, words) {
      if (words !== last) stderr.write(`${words}\n`)
      last = words
    },
    stop() {},
  }
}

function shareBar(stream: NodeJS.WritableStream): SharePart {
  const bar = new SingleBar(
    { format: ' {bar} {percentage} % · {words}', stream },
    Presets.shades_classic,
  )
  bar.start(1, 0, { words: '' })
  return {
    update: (share, words) => bar.update(share, { words }),
    stop: () => bar.stop(),
  }
}

class Meter {
  bytes = 0
  readonly #bytesTotal: number | undefined
  readonly #clock: Clock
  readonly #beganMs: number

  constructor(bytesTotal: number | undefined, clock: Clock) {
    this.#bytesTotal = bytesTotal
    this.#clock = clock
    this.#beganMs = clock.elapsed()
  }

  add(bytes: number): void {
    this.bytes += bytes
  }

  /** Bytes a second since the beginning. */
  rate(): number {
    const seconds = (this.#clock.elapsed() - this.#beganMs) / 1000
    return seconds > 0 ? this.bytes / seconds : 0
  }

  /** `12.0 of 96.1 MiB (12 %), 5.1 MiB/s, 17 s left`. */
  line(): string {
    const total = this.#bytesTotal
    const rate = this.rate()
    const pace = `${mib(rate)} MiB/s`
    if (total === undefined) return `${mib(this.bytes)} MiB, ${pace}`
    const percent = total > 0 ? Math.floor((this.bytes / total) * 100) : 100
    const left = rate > 0 ? `, ${Math.ceil((total - this.bytes) / rate)} s left` : ''
    return `${mib(this.bytes)} of ${mib(total)} MiB (${percent} %), ${pace}${left}`
  }
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}
