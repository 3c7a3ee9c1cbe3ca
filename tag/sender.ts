import { LIMITS } from './limits.ts'

/** Sends messages in batches, again where that may help, and what is left when the page goes. */
export class Sender {
  readonly #url: string
  readonly #key: string
  /** Messages as JSON, oldest first. */
  #queue: string[] = []
  /** The first so many of them are under way. */
  #underWay = 0
  #tries = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(origin: string, key: string) {
    this.#url = `${origin}/v1/batch`
    this.#key = key
    addEventListener('online', () => this.#sendIn(0))
    addEventListener('pagehide', () => this.#leave())
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') this.#leave()
    })
  }

  add(message: object): void {
    const json = JSON.stringify(message)
    if (json.length > LIMITS.messageCharsMax) return
    this.#queue.push(json)
    if (this.#queue.length > LIMITS.queueMax) this.#queue.splice(this.#underWay, 1)
    if (this.#tries === 0) this.#sendIn(LIMITS.gatherMs)
  }

  /** Nothing that is not under way yet is sent any more. */
  clear(): void {
    this.#queue.length = this.#underWay
  }

  #sendIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#send(), ms)
  }

  async #send(): Promise<void> {
    if (this.#underWay > 0 || this.#queue.length === 0) return
    // Coming back tells (`online`); until then nothing is lost and nothing counts as tried.
    if (navigator.onLine === false) return
    this.#underWay = this.#batchLength()
    const body = this.#bodyOf(this.#queue.slice(0, this.#underWay))
    const headers = { 'content-type': 'text/plain' }
    const keepalive = new Blob([body]).size <= LIMITS.keepaliveBytesMax
    const request = { method: 'POST', body, headers, keepalive, credentials: 'omit' } as const
    const answer = await fetch(this.#url, request).catch(() => undefined)
    this.#done(answer)
  }

  #done(answer: Response | undefined): void {
    const isWorthAgain = !answer || answer.status === 429 || answer.status >= 500
    const isAgain = isWorthAgain && ++this.#tries < LIMITS.triesMax
    if (!isAgain) {
      this.#queue.splice(0, this.#underWay)
      this.#tries = 0
    }
    this.#underWay = 0
    if (this.#queue.length === 0) return
    const askedMs = Number(answer?.headers.get('retry-after')) * 1_000 || 0
    const pauseMs = isAgain ? LIMITS.retryMs * 2 ** (this.#tries - 1) : 0
    this.#sendIn(Math.min(LIMITS.retryMsMax, Math.max(pauseMs, askedMs)))
  }

  /** The page may be gone in a moment: browsers deliver beacons behind its back, and lose them offline. */
  #leave(): void {
    if (navigator.onLine === false) return
    while (this.#queue.length > this.#underWay) {
      const length = this.#batchLength(this.#underWay)
      const messages = this.#queue.slice(this.#underWay, this.#underWay + length)
      if (!navigator.sendBeacon?.(this.#url, this.#bodyOf(messages))) return
      this.#queue.splice(this.#underWay, length)
    }
  }

  /** How many messages from a place on go into one request: at least one. */
  #batchLength(from = 0): number {
    let [length, chars] = [0, 0]
    for (const json of this.#queue.slice(from, from + LIMITS.batchMax)) {
      chars += json.length
      if (length > 0 && chars > LIMITS.batchCharsMax) break
      length++
    }
    return length
  }

  #bodyOf(messages: readonly string[]): string {
    const head = JSON.stringify({ writeKey: this.#key, sentAt: new Date().toISOString() })
    return `${head.slice(0, -1)},"batch":[${messages.join()}]}`
  }
}
