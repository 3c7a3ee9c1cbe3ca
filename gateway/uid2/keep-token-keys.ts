import type { Audience } from '../../audience/audience.ts'
import type { Clock } from '../../audience/clock.ts'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import { Rounds } from '../../audience/rounds.ts'
import type { StoreFinding } from '../../audience/store/store.ts'
import { askForKeys, readKeysAnswer } from '../../exchange/eids/bidstream-keys.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import { UID2_LIMITS } from './limits.ts'

/** Who has the keys of an eid source, and how we show who we are. */
export interface TokenOperator {
  /** `uidapi.com`, `euid.eu` */
  source: string
  /** Without a slash at its end. */
  url: string
  apiKey: string
  /** 32 bytes. */
  secret: Buffer
}

export interface TokenKeysKeeperOptions {
  operators: readonly TokenOperator[]
  audience: Audience
  exchange: Exchange
  clock: Clock
  log: {
    info(details: object, message: string): void
    warn(details: object, message: string): void
  }
}

export interface TokenKeysKeeper {
  /** Fetches what is due; resolves once that is done. */
  poke(): Promise<void>
  findings(): StoreFinding[]
  close(): Promise<void>
}

/**
 * Keeps the keys of UID2 and EUID tokens fresh, where their operators were configured: asks each for them every hour,
 * once its source is declared with a resolver. Where an operator does not answer, the keys there are stay in force.
 */
export function keepTokenKeys(options: TokenKeysKeeperOptions): TokenKeysKeeper {
  const sources = options.operators.map((operator) => new FreshKeys(options, operator))
  const rounds = new Rounds(UID2_LIMITS.roundMs, async () => {
    await Promise.all(sources.map((source) => source.refresh()))
  })
  void rounds.poke()
  return {
    poke: () => rounds.poke(),
    findings: () => sources.flatMap((source) => source.finding ?? []),
    close: () => rounds.stop(),
  }
}

class FreshKeys {
  finding: StoreFinding | undefined
  readonly #options: TokenKeysKeeperOptions
  readonly #operator: TokenOperator
  #fetchedMs = Number.NEGATIVE_INFINITY

  constructor(options: TokenKeysKeeperOptions, operator: TokenOperator) {
    this.#options = options
    this.#operator = operator
  }

  /** Never rejects. */
  async refresh(): Promise<void> {
    const { clock, log } = this.#options
    const { source } = this.#operator
    if (!this.#isWanted() || clock.elapsed() - this.#fetchedMs < UID2_LIMITS.refreshMs) return
    try {
      const keys = await fetchTokenKeys(this.#operator, clock)
      const given = { name: source, body: keys, derive: this.#derive }
      const { value } = await this.#options.exchange.desk.putTokenKeys({ operator: true }, given)
      this.#fetchedMs = clock.elapsed()
      this.finding = undefined
      log.info({ source, ...value }, 'the keys of an eid source were fetched')
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log.warn({ source, why }, 'the keys of an eid source could not be fetched')
      this.finding = {
        finding: 'token_keys',
        advice: `The keys of ${source} could not be fetched (${why}). Those there are stay in force; tokens sealed with newer ones give no id. It is tried again every minute.`,
      }
    }
  }

  #isWanted(): boolean {
    const { audience } = this.#options
    const kinds = audience.feed.current()?.kind(NAMESPACE_KIND)
    const namespace = kinds?.get(this.#operator.source)?.value as Namespace | undefined
    const isResolved = namespace?.resolver === 'uid2' || namespace?.resolver === 'euid'
    return isResolved && audience.ready()
  }

  readonly #derive = (label: string, bytes: number) =>
    this.#options.audience.deriveKey(label, bytes)!
}

async function fetchTokenKeys({ url, apiKey, secret }: TokenOperator, clock: Clock) {
  const { body, nonce } = askForKeys(secret, clock.now())
  const answer = await fetch(`${url}/v2/key/bidstream`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'text/plain' },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(UID2_LIMITS.answerMsMax),
  })
  if (answer.status !== 200) throw new Error(`it answered ${answer.status}`)
  return readKeysAnswer(await textOf(answer), { secret, nonce, nowMs: clock.now() })
}

async function textOf(answer: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer.body ?? []) {
    bytes += part.length
    if (bytes > UID2_LIMITS.answerBytesMax) throw new Error('its answer is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('latin1')
}
