import { type Clock, dayOf } from '../../audience/clock.ts'
import { KEY_WORDS, keyOf } from '../../audience/people/user-key.ts'
import { Rounds } from '../../audience/rounds.ts'
import { LIMITS as STORE_LIMITS } from '../../audience/store/limits.ts'
import type { EgressNote, PeopleStore } from '../../audience/store/store.ts'
import { BID_CHANNEL } from './channels.ts'
import { type EgressBatch, ROW_WORDS } from './egress-meter.ts'
import { dropSpooled, readSpooled, spooledFiles } from './egress-spool.ts'
import { EGRESS_LIMITS } from './limits.ts'

export interface ApplyEgressOptions {
  /** Where bid processes of this machine spool. */
  dir: string
  people: PeopleStore
  clock: Clock
  /** Told of what is written, once it is. */
  onWritten?: (notes: readonly EgressNote[]) => void
  log: { error(details: object, message: string): void }
}

/** The desk's side of the egress ledger: brings what was spooled under the people it is about. */
export interface EgressApplier {
  /** Does it now. Never rejects: what fails is tried again at the next turn, and does no harm done twice. */
  poke(): Promise<void>
  close(): Promise<void>
}

export function applyEgress(options: ApplyEgressOptions): EgressApplier {
  return new Applier(options)
}

class Applier implements EgressApplier {
  readonly #options: ApplyEgressOptions
  readonly #rounds: Rounds
  #sweptAtMs = Number.NEGATIVE_INFINITY

  constructor(options: ApplyEgressOptions) {
    this.#options = options
    this.#rounds = new Rounds(EGRESS_LIMITS.applyMs, () => this.#apply())
  }

  poke(): Promise<void> {
    return this.#rounds.poke()
  }

  close(): Promise<void> {
    return this.#rounds.stop()
  }

  async #apply(): Promise<void> {
    const { dir, log, people, clock, onWritten } = this.#options
    try {
      for (const path of await spooledFiles(dir)) {
        const batch = await readSpooled(path)
        if (batch === undefined) {
          log.error({ path }, 'a file of the egress ledger cannot be read: it was put aside')
          continue
        }
        for (const notes of notesOf(batch)) {
          await people.noteEgress(notes)
          onWritten?.(notes)
        }
        await dropSpooled(path)
      }
      if (clock.elapsed() - this.#sweptAtMs < EGRESS_LIMITS.sweepEveryMs) return
      await people.sweepEgress(dayOf(clock.now()) - STORE_LIMITS.egressDays)
      this.#sweptAtMs = clock.elapsed()
    } catch (error) {
      log.error({ error: String(error) }, 'the egress ledger could not be written: tried again')
    }
  }
}

function* notesOf({ day, sets, rows }: EgressBatch): Iterable<EgressNote[]> {
  let notes: EgressNote[] = []
  for (let at = 0; at < rows.length; at += ROW_WORDS) {
    const segments = sets[rows[at + KEY_WORDS + 1]!] ?? []
    const recipient = rows[at + KEY_WORDS]!
    const entry = { recipient, channel: BID_CHANNEL, reference: '', firstDay: day, lastDay: day }
    notes.push({ key: keyOf(rows, at), entries: [{ ...entry, segments }] })
    if (notes.length < EGRESS_LIMITS.applyKeysMax) continue
    yield notes
    notes = []
  }
  if (notes.length > 0) yield notes
}
