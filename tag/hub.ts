import { LIMITS } from './limits.ts'
import { quietly } from './quietly.ts'

/** What a page calls: `passerelle('track', 'Product Added', { price: 9.5 })`. */
export type Command = ArrayLike<unknown>

/** What a page's stub puts commands into; with the tags that hear them, once there are any. */
interface Queue extends Array<Command> {
  past?: Command[]
  tags?: Record<string, (command: Command) => void>
}

declare global {
  interface Window {
    passerelle?: (...command: unknown[]) => void
    passerelleQueue?: Queue
  }
}

/**
 * Hears every command from now on, and those of before. All tags of a page hear all commands; a second one with
 * the same key is not begun.
 */
export function joinHub(key: string, begin: () => (command: Command) => void): void {
  window.passerelleQueue ??= []
  const queue = window.passerelleQueue
  if (!queue.tags) makeHub(queue)
  if (queue.tags![key]) return
  const take = begin()
  queue.tags![key] = take
  for (const command of queue.past!) quietly(() => take(command))
}

/** From now on whatever is pushed into the queue is heard at once. */
function makeHub(queue: Queue): void {
  const past: Command[] = []
  for (const command of queue.splice(0)) remember(past, command)
  // Without a prototype: other scripts may add to that of all objects.
  const tags: NonNullable<Queue['tags']> = Object.create(null)
  Object.assign(queue, { past, tags })
  queue.push = (...commands) => {
    for (const command of commands) {
      remember(past, command)
      for (const key in tags) quietly(() => tags[key]!(command))
    }
    return 0
  }
  window.passerelle ??= (...command) => void queue.push(command)
}

/** Of too many, what happened longest ago goes: who it is, and what the visitor said, holds for all that follows. */
function remember(past: Command[], command: Command): void {
  if (past.push(command) <= LIMITS.pastMax) return
  const at = past.findIndex((one) => one[0] === 'track' || one[0] === 'page')
  past.splice(Math.max(0, at), 1)
}
