import { LIMITS } from './limits.ts'

/** What a page calls: `passerelle('track', 'Product Added', { price: 9.5 })`. */
export type Command = ArrayLike<unknown>

interface Hub {
  (...command: unknown[]): void
  /** What was called before the first tag came; whoever still pushes there is heard. */
  q?: Command[]
  past?: Command[]
  tags?: Record<string, (command: Command) => void>
}

declare global {
  interface Window {
    passerelle?: Hub
  }
}

/**
 * Hears every command from now on, and those of before. All tags of a page hear all commands; a second one with
 * the same key is not begun.
 */
export function joinHub(key: string, begin: () => (command: Command) => void): void {
  const hub = window.passerelle?.tags ? window.passerelle : makeHub(window.passerelle?.q ?? [])
  const tags = hub.tags!
  if (tags[key]) return
  const take = begin()
  tags[key] = take
  for (const command of hub.past!) take(command)
}

/** Takes the place of the stub. The stub's own queue goes on: what is pushed there comes here. */
function makeHub(queue: Command[]): Hub {
  const past = queue.slice(-LIMITS.pastMax)
  const tags: NonNullable<Hub['tags']> = {}
  const tell = (command: Command): number => {
    if (past.push(command) > LIMITS.pastMax) past.shift()
    for (const key in tags) tags[key]!(command)
    return past.length
  }
  const hub: Hub = (...command) => void tell(command)
  queue.push = tell
  window.passerelle = Object.assign(hub, { q: queue, past, tags })
  return hub
}
