/**
 * Lets writes run side by side, but for those that must be alone: what is decided from all the others
 * (nothing else is sold of this) must not change before it is written. In the order in which they come. Of
 * one process; it is the only one that writes on its store, but for the desks of other instances.
 */
export class Turns {
  /** The last that ran, or will run, alone; never rejects. */
  #alone: Promise<unknown> = Promise.resolve()
  readonly #together = new Set<Promise<unknown>>()

  together<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#alone.then(work)
    this.#together.add(done)
    const leave = () => this.#together.delete(done)
    done.then(leave, leave)
    return done
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = Promise.allSettled([this.#alone, ...this.#together]).then(work)
    this.#alone = done.catch(() => {})
    return done
  }

  take<T>(isAlone: boolean, work: () => Promise<T>): Promise<T> {
    return isAlone ? this.alone(work) : this.together(work)
  }
}
