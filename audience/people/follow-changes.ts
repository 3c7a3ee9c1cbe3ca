import type { Clock } from '../clock.ts'
import { LIMITS } from '../limits.ts'
import { Rounds } from '../rounds.ts'
import type { Change, Changes, LogCursor, PeopleStore } from '../store/store.ts'

export interface FollowOptions {
  store: PeopleStore
  clock: Clock
  /** Told of each change of a record, at least once, in order. */
  onChange: (change: Change) => void
  /** Told when changes may have been missed: whatever was derived from records must be dropped. */
  onGap: () => void
  /** Default LIMITS.changePollMs. */
  pollMs?: number
}

export interface FollowCounts {
  /** Entries of the change log read. */
  changes: number
  /** Times changes may have been missed. */
  gaps: number
  /** Reads of the change log that failed. */
  failures: number
}

/** Follows the store's change log from now on, in this process. */
export interface ChangeFollower {
  /** Reads the log now: `onChange` was told of all that was written before the call. Never rejects. */
  poke(): Promise<void>
  counts(): FollowCounts
  /** Ends the polls; resolves when none is under way. */
  close(): Promise<void>
}

/**
 * Polls the change log, and reads it at once where the store tells of news. A failed poll is made up for by the next, from the same place; but after
 * LIMITS.changeGapMsMax without one, or where the log no longer reaches back, the follower starts
 * clean rather than trust what it can no longer know (`onGap`).
 */
export function followChanges(options: FollowOptions): ChangeFollower {
  return new Follower(options)
}

class Follower implements ChangeFollower {
  readonly #options: FollowOptions
  readonly #rounds: Rounds
  readonly #endNews: (() => void) | undefined
  readonly #counts: FollowCounts = { changes: 0, gaps: 0, failures: 0 }
  /** Undefined until the store first answered. */
  #cursor: LogCursor | undefined
  #readAtMs: number
  /** The store told of something that was not read yet; and since the last poll, of something that was. */
  #isTold = false
  #wasTold = false

  constructor(options: FollowOptions) {
    this.#options = options
    this.#readAtMs = options.clock.elapsed()
    this.#rounds = new Rounds(options.pollMs ?? LIMITS.changePollMs, (isPoked) =>
      this.#poll(isPoked),
    )
    this.#endNews = options.store.onNews?.(() => {
      this.#isTold = true
      this.#rounds.soon()
    })
  }

  poke(): Promise<void> {
    return this.#rounds.poke()
  }

  counts(): FollowCounts {
    return { ...this.#counts }
  }

  close(): Promise<void> {
    this.#endNews?.()
    return this.#rounds.stop()
  }

  async #poll(isPoked: boolean): Promise<void> {
    const { clock, store } = this.#options
    const [isTold, wasTold] = [this.#isTold, this.#wasTold]
    this.#isTold = this.#wasTold = false
    // What was told of since the last poll has been read: the store tells of what came since.
    if (wasTold && !isTold && !isPoked) return
    const beganMs = clock.elapsed()
    const isAsked = isPoked || isTold || this.#cursor === undefined
    const quietMs = isAsked ? undefined : store.quietSinceMs?.(this.#cursor!)
    if (quietMs !== undefined) {
      this.#readAtMs = Math.max(this.#readAtMs, quietMs)
      return
    }
    try {
      await this.#read()
    } catch {
      this.#counts.failures++
      return
    }
    if (beganMs - this.#readAtMs > LIMITS.changeGapMsMax) this.#gap()
    this.#readAtMs = beganMs
    this.#wasTold = isTold
  }

  async #read(): Promise<void> {
    const { store } = this.#options
    if (this.#cursor === undefined) {
      this.#cursor = await store.changesEnd()
      // What was read before the cursor was known may have changed unseen.
      return this.#gap()
    }
    for (;;) {
      const changes = await store.changesSince(this.#cursor, LIMITS.changesMax)
      this.#apply(changes)
      if (!changes.hasMore) return
      await nextTurn()
    }
  }

  #apply(changes: Changes): void {
    if (changes.fellOff) this.#gap()
    for (const change of changes.entries) this.#options.onChange(change)
    this.#counts.changes += changes.entries.length
    this.#cursor = changes.cursor
  }

  #gap(): void {
    this.#counts.gaps++
    this.#options.onGap()
  }
}

/** Lets requests in between the parts of a long read. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
