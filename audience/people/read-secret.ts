import { LIMITS } from '../limits.ts'
import type { Store } from '../store/store.ts'

export interface SecretReader {
  /** Resolves when the store was asked once, whatever it said. */
  readonly tried: Promise<void>
  /** No further attempts. */
  stop(): void
}

/** Reads the root secret, again every LIMITS.secretRetryMs while the store is out of reach. */
export function readSecret(
  store: Pick<Store, 'rootSecret'>,
  log: { warn(details: object, message: string): void },
  onSecret: (secret: Buffer) => void,
): SecretReader {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isWarned = false

  async function attempt(): Promise<void> {
    try {
      const secret = await store.rootSecret()
      if (!isStopped) onSecret(secret)
    } catch (error) {
      if (!isWarned) log.warn({ err: error }, 'the root secret cannot be read yet; trying on')
      isWarned = true
      if (!isStopped) timer = setTimeout(attempt, LIMITS.secretRetryMs).unref()
    }
  }

  const stop = () => {
    isStopped = true
    clearTimeout(timer)
  }
  return { tried: attempt(), stop }
}
