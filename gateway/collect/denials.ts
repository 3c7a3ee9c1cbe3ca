import type { CollectSource } from '../../exchange/collect/source-ring.ts'
import { type PermitOptions, permitMessage, saidConsent } from './permit-message.ts'

/** `permitMessage` for one message after the other: of those of a source that say nothing of consent it is asked once. */
export class Denials {
  readonly #options: PermitOptions
  readonly #ofSilence = new WeakMap<CollectSource, 0 | string>()

  constructor({ collector, gvl, ownGvlId }: PermitOptions) {
    this.#options = { collector, gvl, ownGvlId }
  }

  /** `gpc`: the header Sec-GPC. */
  of(message: unknown, source: CollectSource, gpc: boolean): 0 | string {
    // What is licensed may be over with the contract.
    if (gpc || source.isLicensed || saidConsent(message) !== undefined)
      return this.#ask(message, source, gpc)
    let answer = this.#ofSilence.get(source)
    if (answer === undefined)
      this.#ofSilence.set(source, (answer = this.#ask(message, source, false)))
    return answer
  }

  #ask(message: unknown, source: CollectSource, gpc: boolean): 0 | string {
    return permitMessage(message, source, { ...this.#options, gpc })
  }
}
