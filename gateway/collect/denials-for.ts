import type { CollectSource } from '../../exchange/collect/source-ring.ts'
import {
  type PermitOptions,
  permitMessage,
  type RequestConsent,
  saidConsent,
} from './permit-message.ts'

/** `permitMessage` for the messages of one request: of those that say nothing of consent it is asked once. */
export function denialsFor(
  source: CollectSource,
  options: PermitOptions & RequestConsent,
): (message: unknown) => 0 | string {
  let ofSilence: 0 | string | undefined
  return (message) => {
    if (saidConsent(message)) return permitMessage(message, source, options)
    ofSilence ??= permitMessage(message, source, options)
    return ofSilence
  }
}
