import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { StreamPosition } from '../../audience/store/store.ts'
import { chainStart } from './chain-line.ts'
import { lastLine } from './last-line.ts'
import type { ChainDamage, ChainPlace, PlacedLine } from './read-chain.ts'
import { openedMs, STREAM_SUFFIX } from './stream-name.ts'
import { walkChain } from './walk-chain.ts'

/** One stream as its reader sees it: how far it was read, and what is wrong with it. */
export class StreamFollower {
  readonly stream: string
  readonly path: string
  /** When it was opened (ms since the epoch), by its name. */
  readonly openedMs: number
  /** Behind the last line that was taken. */
  place: ChainPlace
  damage: ChainDamage | undefined
  /** Size of the file when it was last looked at. */
  bytes = 0
  /** When (ms since the epoch) the first record was written that is read and not counted. */
  pendingAt: number | undefined
  /** Until when (`Clock.elapsed`) it need not be looked at. */
  restsUntilMs = 0

  constructor(dir: string, stream: string) {
    this.stream = stream
    this.path = join(dir, stream + STREAM_SUFFIX)
    this.openedMs = openedMs(stream) ?? 0
    this.place = this.#start()
  }

  /**
   * The next lines, checked, and on disk: what its writer has not synced yet is synced here, since what
   * was counted must not be lost to a power cut. They are read again until `place` is set behind them.
   */
  async read(): Promise<PlacedLine[]> {
    // As in LocalStreams.
    this.bytes = statSync(this.path).size
    if (this.bytes === this.place.offset) return []
    this.damage = undefined
    const file = await open(this.path, 'r')
    try {
      if (this.bytes < this.place.offset)
        this.damage = { damage: 'end_missing', seq: this.place.seq, offset: this.bytes }
      else
        for await (const { lines, damage } of walkChain(file, this.place)) {
          this.damage = damage
          if (lines.length > 0) await file.datasync()
          return lines
        }
      return []
    } finally {
      await file.close()
    }
  }

  /** Goes to behind the line that the store applied last; where there is no such line, that is damage. */
  async locate(held: StreamPosition): Promise<void> {
    if (held.seq === 0) {
      this.place = this.#start()
      this.damage = undefined
      return
    }
    const file = await open(this.path, 'r')
    try {
      this.bytes = (await file.stat()).size
      const last = await lastLine(file, this.bytes)
      if (last?.seq === held.seq && last.chain === held.digest) {
        this.place = last
        this.damage = undefined
      } else await this.#walkTo(held, walkChain(file, this.#start()))
    } finally {
      await file.close()
    }
  }

  async #walkTo(held: StreamPosition, parts: ReturnType<typeof walkChain>): Promise<void> {
    this.place = this.#start()
    this.damage = undefined
    for await (const { lines, damage } of parts) {
      const line = lines.find(({ seq }) => seq === held.seq)
      const { seq, chain, offset } = line ?? lines.at(-1) ?? this.place
      this.place = { seq, chain, offset }
      if (line && chain !== held.digest) this.damage = { damage: 'changed', seq, offset }
      else if (!line) this.damage = damage
      if (line || damage) return
    }
    const { seq, offset } = this.place
    this.damage = { damage: 'end_missing', seq: seq + 1, offset }
  }

  #start(): ChainPlace {
    return { ...chainStart(this.stream), offset: 0 }
  }
}
