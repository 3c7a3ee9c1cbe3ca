/**
 * What messages of a source were seen to hold: names and how often, never values. Counts are good for people to look
 * at: a write whose answer was lost may count twice.
 */
export interface SightingStore {
  // `source` is whatever name the caller keeps it under: see shelfOf in audience/events/source.ts.
  /**
   * Adds to what was seen of a source. Of new names beyond LIMITS.sightingsMax nothing is kept; what was last seen
   * LIMITS.sightingDays ago makes room. Resolves with how many names were left out.
   */
  note(source: string, sightings: readonly Sighting[]): Promise<number>
  /** All that was seen of a source, in no order. */
  of(source: string): Promise<Sighting[]>
}

export interface Sighting {
  /** At most LIMITS.sightingNameBytesMax bytes. */
  name: string
  count: number
  firstMs: number
  lastMs: number
}

/** Messages that a tracking plan holds back: durable, of each source so many, and not for long. */
export interface HeldMessages {
  /** Puts messages of a source aside; of more than LIMITS.heldMax the oldest go. Durable when it resolves. */
  hold(source: string, messages: readonly HeldMessage[]): Promise<void>
  /** Of a source, put aside after the given id ('': from the beginning), oldest first, at most `max`. */
  held(source: string, after: string, max: number): Promise<(HeldMessage & { id: string })[]>
  /** Takes messages away: replayed, or discarded. How many there were. */
  release(source: string, ids: readonly string[]): Promise<number>
  /** Takes away what was put aside LIMITS.heldDays ago, of all sources. What is that old is not told in any case. */
  sweep(): Promise<void>
}

export interface HeldMessage {
  atMs: number
  body: Uint8Array
}
