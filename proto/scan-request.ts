import { type BidFacts, Kind } from './bid-facts.ts'
import {
  BAD,
  forgetEscapes,
  hasEscapes,
  input,
  loadInput,
  numberEnd,
  skipWhite,
  stringEnd,
  wordEnd,
} from './json-lexemes.ts'
import type { JsonPlaces } from './json-places.ts'
import { LIMITS } from './limits.ts'
import { beginNotes, hasRequestId, noteClosed, noteOpened, noteScalar } from './note-value.ts'
import { childNode, ELSEWHERE, elements, ROOT } from './request-paths.ts'
import { ScanOutcome } from './scan-outcome.ts'

/**
 * Reads one OpenRTB bid request in one pass: refuses what RFC 8259 refuses (and what is nested deeper
 * than 64), and fills `facts` and `places` with where things stand in `bytes`. Both are forgotten
 * first, and hold nothing reliable unless the answer is `ok`. Allocates nothing.
 */
export function scanRequest(bytes: Uint8Array, facts: BidFacts, places: JsonPlaces): ScanOutcome {
  facts.reset(bytes)
  places.reset()
  if (bytes.length > LIMITS.jsonBytesMax) return ScanOutcome.tooLong
  loadInput(bytes)
  forgetEscapes()
  beginNotes(facts, places)
  const end = valueEnd()
  if (end < 0) return end === TOO_DEEP ? ScanOutcome.tooDeep : ScanOutcome.malformed
  if (skipWhite(end) !== bytes.length) return ScanOutcome.malformed
  if (places.root.kind !== Kind.object) return ScanOutcome.notObject
  return hasRequestId() ? ScanOutcome.ok : ScanOutcome.noId
}

// A constant of this module, unlike an imported one, is known to the compiler: a fifth of the time.
const body = input
const elementsOf = elements

const TOO_DEEP = -2

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const NINE = 0x39
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
/** The closing bracket stands two places after the opening one in ASCII, for both. */
const TO_CLOSER = 2

/** What is open around the place in hand: its closing bracket, the path it is at, and where it began. */
const closers = new Uint8Array(LIMITS.jsonDepthMax + 1)
const nodes = new Uint8Array(LIMITS.jsonDepthMax + 1)
const opens = new Int32Array(LIMITS.jsonDepthMax + 1)

/** After the root value, noting what is known on the way; BAD or TOO_DEEP. */
function valueEnd(): number {
  let at = skipWhite(0)
  let depth = 0
  let node: number = ROOT
  for (;;) {
    // A value begins here, and `node` is its path.
    const c = body[at]!
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (depth === LIMITS.jsonDepthMax) return TOO_DEEP
      depth++
      closers[depth] = c + TO_CLOSER
      nodes[depth] = node
      opens[depth] = at
      if (node !== ELSEWHERE) noteOpened(node, at)
      at = skipWhite(at + 1)
      if (body[at] !== closers[depth]) {
        if (c === OPEN_ARRAY) node = elementsOf[node]!
        else {
          at = keyEnd(node, at)
          if (at < 0) return BAD
          node = keyNode
        }
        continue
      }
    } else {
      at = c === QUOTE ? textEnd(node, at + 1) : scalarEnd(node, at)
      if (at < 0) return BAD
    }
    // A value has ended: containers end with it, until a comma says that another follows.
    for (;;) {
      at = skipWhite(at)
      if (depth === 0) return at
      const next = body[at]!
      if (next === COMMA) break
      if (next !== closers[depth]) return BAD
      if (nodes[depth] !== ELSEWHERE) noteClosed(nodes[depth]!, opens[depth]!, at)
      depth--
      at++
    }
    at = skipWhite(at + 1)
    node = nodes[depth]!
    if (closers[depth] === CLOSE_ARRAY) node = elementsOf[node]!
    else {
      at = keyEnd(node, at)
      if (at < 0) return BAD
      node = keyNode
    }
  }
}

let keyNode: number = ELSEWHERE

/** After key, colon and white space: where the value begins. Its path is left in `keyNode`. */
function keyEnd(parent: number, at: number): number {
  if (body[at] !== QUOTE) return BAD
  const end = stringEnd(at + 1)
  if (end < 0) return BAD
  keyNode = parent === ELSEWHERE ? ELSEWHERE : childNode(parent, at + 1, end)
  const colon = skipWhite(end + 1)
  return body[colon] === COLON ? skipWhite(colon + 1) : BAD
}

function textEnd(node: number, start: number): number {
  const end = stringEnd(start)
  if (end < 0) return BAD
  if (node !== ELSEWHERE)
    noteScalar(node, hasEscapes(start) ? Kind.escapedText : Kind.text, start, end)
  return end + 1
}

function scalarEnd(node: number, at: number): number {
  const c = body[at]!
  const isNumber = c === MINUS || (c >= 0x30 && c <= NINE)
  const end = isNumber ? numberEnd(at) : wordEnd(at)
  if (end >= 0 && node !== ELSEWHERE)
    noteScalar(node, isNumber ? Kind.number : wordKind(c), at, end)
  return end
}

function wordKind(first: number): number {
  if (first === 0x74) return Kind.true
  return first === 0x66 ? Kind.false : Kind.null
}
