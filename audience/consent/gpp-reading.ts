import { GppString } from './gpp-string.ts'
import { GPP_STRINGS_MAX } from './limits.ts'
import type { ConsentAnswer } from './reasons.ts'
import type { SectionIds } from './section-ids.ts'
import { isPresent, TextSpan } from './signal-value.ts'
import { US_SECTION_FIRST, US_SECTION_LAST } from './us-layouts.ts'
import { readUsPrivacy, UsPrivacy } from './us-privacy.ts'
import { UsRule, usAnswer } from './us-rules.ts'
import { UsSection } from './us-section.ts'

const TCFEU = 2
const USP = 6

/**
 * The GPP strings of a request, asked for the sections that `gpp_sid` names and no others. Every
 * string must hold every named section, readable; the strictest section decides.
 */
export class GppReading {
  /** Why US law forbids `transmitUfpd`, and `syncUser`. */
  usTransmit: ConsentAnswer = 0
  usSync: ConsentAnswer = 0
  /** TC strings of section 2, where it is named. */
  tcCount = 0
  readonly tcTexts = Array.from({ length: GPP_STRINGS_MAX }, () => new TextSpan())

  #count = 0
  readonly #texts = Array.from({ length: GPP_STRINGS_MAX }, () => new TextSpan())
  readonly #gpp = new GppString()
  readonly #section = new UsSection()

  clear(): void {
    this.usTransmit = 0
    this.usSync = 0
    this.tcCount = 0
    this.#count = 0
  }

  /** Notes one value of `gpp`; null and "" are none. */
  add(kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (!isPresent(kind, start, end)) return
    this.#texts[this.#count]?.take(kind, bytes, start, end)
    this.#count++
  }

  /** Reads what applies; 0, or why nothing at all may be done. */
  read(sids: SectionIds): ConsentAnswer {
    if (sids.isUnreadable || this.#count > GPP_STRINGS_MAX) return 'denied_gpp_unreadable'
    if (this.#count === 0) return 'denied_gpp_missing'
    for (let i = 0; i < this.#count; i++) {
      const answer = this.#readString(this.#texts[i]!, sids)
      if (answer !== 0) return answer
    }
    return 0
  }

  #readString(text: TextSpan, sids: SectionIds): ConsentAnswer {
    const gpp = this.#gpp
    if (!gpp.read(text.bytes, text.start, text.end)) return 'denied_gpp_unreadable'
    for (let i = 0; i < sids.count; i++) {
      const id = sids.ids[i]!
      const at = gpp.indexOf(id)
      if (at < 0) return 'denied_gpp_missing'
      const answer = this.#readSection(id, text.bytes, gpp.starts[at]!, gpp.ends[at]!)
      if (answer !== 0) return answer
    }
    return 0
  }

  #readSection(id: number, bytes: Uint8Array, start: number, end: number): ConsentAnswer {
    if (id >= US_SECTION_FIRST && id <= US_SECTION_LAST) return this.#readUs(id, bytes, start, end)
    if (id === USP) return uspAnswer(readUsPrivacy(bytes, start, end))
    if (id !== TCFEU) return 'denied_gpp_unknown_section'
    this.tcTexts[this.tcCount++]!.set(bytes, start, end)
    return 0
  }

  #readUs(id: number, bytes: Uint8Array, start: number, end: number): ConsentAnswer {
    const section = this.#section
    if (!section.read(id, bytes, start, end) || !section.isSound) return 'denied_gpp_unreadable'
    if (this.usTransmit === 0) this.usTransmit = usAnswer(section.fields, UsRule.transmitUfpd)
    if (this.usSync === 0) this.usSync = usAnswer(section.fields, UsRule.syncUser)
    return 0
  }
}

function uspAnswer(read: UsPrivacy): ConsentAnswer {
  if (read === UsPrivacy.optedOut) return 'denied_gpp_us_privacy'
  return read === UsPrivacy.unreadable ? 'denied_gpp_unreadable' : 0
}
