import { nameOf } from '../people/shared-reads.ts'
import type { CountedEvent, EventQueue } from '../store/event-stores.ts'
import type { UserKey } from '../store/store.ts'
import type { EventAt, Learned } from './learn.ts'

/** An event that was counted at an id, as far as it is remembered. */
export interface Remembered {
  source: string
  messageId: string
  atMs: number
  /** Numbers of the traits it showed. */
  traits: number[]
}

type Packed = [source: string, messageId: string, atMs: number, ...traits: number[]]

/** What is remembered of events that were counted: of whoever is to be left alone nothing. */
export function notesOf(
  events: readonly EventAt[],
  { people }: Pick<Learned, 'people'>,
): CountedEvent[] {
  const known = new Set(people.flatMap(({ keys }) => keys.map(nameOf)))
  return events.flatMap(({ event, ref: { key } }) => {
    if (!known.has(nameOf(key))) return []
    const { source, messageId, atMs, traits } = event
    const packed: Packed = [source, messageId, atMs, ...traits]
    return [{ key, body: Buffer.from(JSON.stringify(packed)) }]
  })
}

/** The events remembered of some ids, newest first, each message once. */
export async function rememberedOf(
  events: Pick<EventQueue, 'counted'>,
  keys: readonly UserKey[],
): Promise<Remembered[]> {
  const found = new Map<string, Remembered>()
  for (const { body } of await events.counted(keys)) {
    const [source, messageId, atMs, ...traits] = JSON.parse(Buffer.from(body).toString()) as Packed
    const name = `${source}\0${messageId}`
    if (!found.has(name)) found.set(name, { source, messageId, atMs, traits })
  }
  return [...found.values()]
}
