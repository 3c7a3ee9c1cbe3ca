/** Work on the same thing, one after another; on different things, at once. Forgets what has nobody waiting. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `work` behind all that was begun for `name` before. A failure is its own caller's only. */
  inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name)
    const mine = before === undefined ? work() : before.then(work)
    const settled = mine
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(name) === settled) this.#last.delete(name)
      })
    this.#last.set(name, settled)
    return mine
  }
}
