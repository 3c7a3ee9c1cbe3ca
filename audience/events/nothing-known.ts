import type { Lesson } from '../store/event-stores.ts'
import type { UserKey } from '../store/store.ts'

/** Takes an id of which nothing is known off the wheel. */
export function nothingKnown(key: UserKey): Lesson {
  const none = new Uint8Array(0)
  return { key, held: none, history: none, add: [], remove: [], messages: [] }
}
