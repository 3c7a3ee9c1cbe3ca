import { LIMITS } from './limits.ts'

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
  for (const command of queue.past!) take(command)
}

/** From now on whatever is pushed into the queue is heard at once. */
function makeHub(queue: Queue): void {
  const past = queue.splice(0).slice(-LIMITS.pastMax)
  const tags: NonNullable<Queue['tags']> = {}
  Object.assign(queue, { past, tags })
  queue.push = (...commands) => {
    for (const command of commands) {
      if (past.push(command) > LIMITS.pastMax) past.shift()
      for (const key in tags) tags[key]!(command)
    }
    return 0
  }
  window.passerelle ??= (...command) => void queue.push(command)
}
