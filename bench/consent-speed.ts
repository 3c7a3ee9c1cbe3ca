import { ConsentReading } from '../audience/consent/consent-reading.ts'
import { decide } from '../audience/consent/decide.ts'
import { Kind, Signal, SpanList } from '../proto/bid-facts.ts'
import { writeTcString } from './tc-string.ts'

const STRINGS = 2_000
const PASSES = 200
/** 1,320 vendors three times over, as bit fields: 700 characters. */
const VENDORS_MAX = 1_320
const ASKED = [32, 21, 52, 76]

/** Vendor decisions a second, and strings with all four vendors a second, on one core: 700-character strings, each another. */
export function measureConsent(): { decisionsPerS: number; stringsPerS: number; chars: number } {
  const texts = Array.from({ length: STRINGS }, (_, i) => Buffer.from(tcString(i)))
  const bytes = Buffer.concat(texts)
  const reading = new ConsentReading()
  const signals = new SpanList(8)
  let allowed = 0
  const pass = () => {
    let at = 0
    for (const text of texts) {
      signals.reset()
      signals.add(Signal.consent, Kind.text, at, at + text.length)
      at += text.length
      reading.read({ bytes, signals }, { gdprDefault: 0 })
      for (const vendor of ASKED)
        if (decide(reading, 'enrich', vendor, undefined, undefined) === 0) allowed++
    }
  }
  for (let i = 0; i < PASSES / 4; i++) pass()
  const began = performance.now()
  for (let i = 0; i < PASSES; i++) pass()
  const seconds = (performance.now() - began) / 1000
  if (allowed === 0) throw new Error('no decision allowed anything')
  const stringsPerS = (STRINGS * PASSES) / seconds
  return { decisionsPerS: stringsPerS * ASKED.length, stringsPerS, chars: texts[0]!.length }
}

function tcString(index: number): string {
  return writeTcString({
    createdDay: 20_520 + (index % 180),
    vendorsMax: VENDORS_MAX,
    has: (vendor) => ASKED.includes(vendor) || (vendor * 7 + index) % 3 !== 0,
  })
}
