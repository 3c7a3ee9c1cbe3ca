import {
  type ChainFiles,
  type ChainHandle,
  realFiles,
} from '../../../exchange/ledger/chain-files.ts'

/** What fails, by the number of the call that changes or syncs something: 1, 2, 3 … */
export interface Failing {
  /** Which calls fail; each with this error code. */
  fails(call: number): string | undefined
  /** A failing write first writes so much of its bytes. Default none. */
  share?: number
}

/** The real file system, in which chosen calls fail. */
export class FailingFiles implements ChainFiles {
  calls = 0
  readonly #failing: Failing

  constructor(failing: Failing) {
    this.#failing = failing
  }

  async open(path: string, flags: string, mode?: number): Promise<ChainHandle> {
    this.#count('open')
    const real = await realFiles.open(path, flags, mode)
    const { share = 0 } = this.#failing
    return {
      read: (...args) => real.read(...args),
      stat: () => real.stat(),
      close: () => real.close(),
      write: async (from, offset, length, at) => {
        try {
          this.#count('write')
        } catch (error) {
          const part = Math.floor(length * share)
          if (part > 0) await real.write(from, offset, part, at)
          throw error
        }
        return real.write(from, offset, length, at)
      },
      datasync: async () => {
        this.#count('fdatasync')
        await real.datasync()
      },
      sync: async () => {
        this.#count('fsync')
        await real.sync()
      },
      truncate: async (bytes) => {
        this.#count('ftruncate')
        await real.truncate(bytes)
      },
    }
  }

  #count(what: string): void {
    const code = this.#failing.fails(++this.calls)
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${what}`), { code })
  }
}
