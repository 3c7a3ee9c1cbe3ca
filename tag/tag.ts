import { Consent, type PageConsent } from './consent.ts'
import { type Command, joinHub } from './hub.ts'
import { LIMITS } from './limits.ts'
import { type Message, messageOf } from './message.ts'
import { quietly } from './quietly.ts'
import { Sender } from './sender.ts'
import { readSettings, type Settings } from './settings.ts'
import { Visitor } from './visitor.ts'

/**
 * The tag of a page, served as /tag.js: hears the page's commands, waits for what the visitor allows, and sends
 * messages to the collector it came from. Until it may, nothing is sent and nothing is kept on the device.
 */
class Tag {
  readonly #consent: Consent
  readonly #visitor: Visitor
  readonly #sender: Sender
  /** What waits for the visitor's choice, in order: `reset` is where somebody else begins. */
  #held: (Message | 'reset')[] = []

  constructor(settings: Settings) {
    this.#visitor = new Visitor(settings.cookie)
    this.#sender = new Sender(settings.origin, settings.key)
    this.#consent = new Consent(settings)
    this.#consent.listen(() => this.#settle())
  }

  take([name, ...given]: readonly unknown[]): void {
    if (name === 'consent') this.#consent.say((given[0] ?? {}) as PageConsent)
    else if (name === 'optOut') this.#optOut()
    else if (name === 'optIn') this.#visitor.optIn()
    else {
      const next = name === 'reset' ? name : messageOf(name, given)
      if (!next) return
      this.#held.push(next)
      if (this.#held.length > LIMITS.heldMax) this.#held.splice(this.#oldest(), 1)
      this.#settle()
    }
  }

  /** Sends what waits, or lets it go, as soon as it is known which. */
  #settle(): void {
    const verdict = this.#consent.verdict()
    if (verdict === 'wait') return
    const held = this.#held
    this.#held = []
    if (verdict === 'no') {
      this.#sender.clear()
      this.#visitor.forget()
    } else if (!this.#visitor.isOut)
      for (const next of held) {
        if (next === 'reset') this.#visitor.forget()
        // What cannot be written as JSON is not told; the rest is.
        else quietly(() => this.#send(next))
      }
  }

  /** Where the oldest message stands: what comes after a `reset` is somebody else's, however much is left out. */
  #oldest(): number {
    return Math.max(
      0,
      this.#held.findIndex((one) => one !== 'reset'),
    )
  }

  #send(message: Message): void {
    if (Date.parse(message.timestamp) < Date.now() - LIMITS.heldMs) return
    if (message.type === 'identify' && message.userId) this.#visitor.identify(message.userId)
    const context = { ...message.context, consent: this.#consent.fields() }
    this.#sender.add({ ...message, ...this.#visitor.ids(), context })
  }

  #optOut(): void {
    this.#held = []
    this.#sender.clear()
    this.#visitor.optOut()
  }
}

const script = document.currentScript as HTMLScriptElement | null
const settings = script && readSettings(script.src)
if (settings)
  joinHub(settings.key, () => {
    const tag = new Tag(settings)
    if (settings.page) tag.take(['page'])
    return (command: Command) => tag.take(Array.from(command))
  })
