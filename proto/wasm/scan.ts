/**
 * The scanner's inner part, in AssemblyScript: TypeScript compiled to WebAssembly with SIMD, because it
 * is 2.5 times as fast as the same pass in plain TypeScript (docs/decisions/0002-scanner.md).
 *
 * Stage 1 walks the body 64 bytes at a time: where its quotes are (escaped ones left out), whether its
 * escapes and its UTF-8 are sound, whether a control byte stands in a string. Stage 2 walks from lexeme
 * to lexeme by the grammar of RFC 8259, and writes one event for each value at a path that means something.
 *
 * Everything lies at fixed addresses. `scan-core.ts` fills the tables of paths once, copies a body to
 * INPUT, calls `scan` and reads the events.
 */
const T: usize = 1024
/** Tables of request-paths.ts: see there. */
export const SLOTS: usize = T
export const PARENTS: usize = T + 256
export const LENGTHS: usize = T + 384
export const ELEMENTS: usize = T + 512
export const HEADS: usize = T + 1024
export const KEYS: usize = T + 2048
/** One byte: paths up to this number are told of, those above only lead to them. */
export const WANTED: usize = T + 4600
/** What is open around the place in hand: path, closing bracket, and where it began. */
const NODES: usize = T + 4608
const CLOSERS: usize = T + 4736
const OPENS: usize = T + 4864
export const INPUT: usize = 0x100000
/** A bit for each byte of the body. */
const QUOTES: usize = 0x300000
/** Three i32 each: path and kind, start, end. A body of 256 KiB makes 174,763 of them at most: `{},` is two. */
export const EVENTS: usize = 0x400000
export const EVENTS_MAX: i32 = 0x40000

/** Kinds of events besides those of bid-facts.ts: a container opened, and closed. */
const OPENED: i32 = 9
const CLOSED: i32 = 10

const MALFORMED: i32 = -1
const TOO_DEEP: i32 = -2
const DEPTH_MAX: i32 = 64

let eventEnd: usize = EVENTS
let bodyEscapes: bool = false
/** A key with escapes in it, once in a blue moon, is looked up outside. */
@external('env', 'escapedChild')
declare function escapedChild(parent: i32, start: i32, end: i32): i32

function hasEscape(start: i32, end: i32): bool {
  for (let i = start; i < end; i++) if (load<u8>(INPUT + i) == 0x5c) return true
  return false
}

// @ts-ignore
@inline function prefixXor(x: u64): u64 {
  x ^= x << 1; x ^= x << 2; x ^= x << 4; x ^= x << 8; x ^= x << 16; x ^= x << 32
  return x
}
// @ts-ignore
@inline function mask4(a: v128, b: v128, c: v128, d: v128): u64 {
  return <u64>i8x16.bitmask(a) | (<u64>i8x16.bitmask(b) << 16) | (<u64>i8x16.bitmask(c) << 32) | (<u64>i8x16.bitmask(d) << 48)
}
// @ts-ignore
@inline function eq4(a: v128, b: v128, c: v128, d: v128, x: v128): u64 {
  return mask4(i8x16.eq(a, x), i8x16.eq(b, x), i8x16.eq(c, x), i8x16.eq(d, x))
}

function stage1(length: i32): bool {
  let prevEscaped: u64 = 0
  let high = i8x16.splat(0)
  let low = i8x16.splat(-1)
  bodyEscapes = false
  const q = i8x16.splat(0x22), bs = i8x16.splat(0x5c)
  let out: usize = QUOTES
  for (let at: i32 = 0; at < length; at += 64, out += 8) {
    const p = INPUT + at
    const a = v128.load(p), b = v128.load(p, 16), c = v128.load(p, 32), d = v128.load(p, 48)
    high = v128.or(high, v128.or(v128.or(a, b), v128.or(c, d)))
    low = i8x16.min_u(low, i8x16.min_u(i8x16.min_u(a, b), i8x16.min_u(c, d)))
    let quote = eq4(a, b, c, d, q)
    const ba = i8x16.eq(a, bs), bb = i8x16.eq(b, bs), bc = i8x16.eq(c, bs), bd = i8x16.eq(d, bs)
    if (v128.any_true(v128.or(v128.or(ba, bb), v128.or(bc, bd))) || prevEscaped != 0) {
      bodyEscapes = true
      const backslash = mask4(ba, bb, bc, bd)
      const odd: u64 = 0xaaaaaaaaaaaaaaaa
      const potential = backslash & ~prevEscaped
      const both = (((potential << 1) | odd) - potential) ^ odd
      const escaped = both ^ (backslash | prevEscaped)
      const starts = both & backslash
      prevEscaped = starts >> 63
      let s = starts
      while (s) { if (!escapeOk(p + <i32>ctz(s) + 1)) return false; s &= s - 1 }
      quote &= ~escaped
    }
    store<u64>(out, quote)
  }
  store<u64>(out, -1)
  if (v128.any_true(i8x16.lt_u(low, i8x16.splat(0x20))) && !controls(length)) return false
  return i8x16.bitmask(high) == 0 || utf8(length)
}

/** No control byte inside a string. */
function controls(length: i32): bool {
  let inString: u64 = 0
  let out: usize = QUOTES
  const x = i8x16.splat(0x20)
  for (let at: i32 = 0; at < length; at += 64, out += 8) {
    const p = INPUT + at
    const inside = prefixXor(load<u64>(out)) ^ inString
    inString = <u64>(<i64>inside >> 63)
    if ((mask4(i8x16.lt_u(v128.load(p), x), i8x16.lt_u(v128.load(p, 16), x), i8x16.lt_u(v128.load(p, 32), x), i8x16.lt_u(v128.load(p, 48), x)) & inside) != 0) return false
  }
  return true
}

// @ts-ignore
@inline function stringEnd(start: i32): i32 {
  const bits = load<u64>(QUOTES + (start >> 3)) >> (start & 7)
  return bits ? start + <i32>ctz(bits) : longEnd(start)
}
function longEnd(start: i32): i32 {
  let word = start >> 6
  let bits = load<u64>(QUOTES + (word << 3)) >> (start & 63) << (start & 63)
  while (!bits) { word++; bits = load<u64>(QUOTES + (word << 3)) }
  return (word << 6) + <i32>ctz(bits)
}
// @ts-ignore
@inline function white(at: i32): i32 {
  return load<u8>(INPUT + at) > 0x20 ? at : whiteSlow(at)
}
function whiteSlow(at: i32): i32 {
  let c = load<u8>(INPUT + at)
  while (c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09) c = load<u8>(INPUT + ++at)
  return at
}

function escapeOk(p: usize): bool {
  const c = load<u8>(p)
  if (c == 0x75) { for (let i = 1; i <= 4; i++) { const h = load<u8>(p + i), l = h | 0x20; if (!((h >= 0x30 && h <= 0x39) || (l >= 0x61 && l <= 0x66))) return false } return true }
  return c == 0x22 || c == 0x5c || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74
}

function utf8(length: i32): bool {
  let p = INPUT
  const end = INPUT + length
  while (p < end) {
    const c = load<u8>(p)
    if (c < 0x80) { p++; continue }
    const s = load<u8>(p, 1)
    if (c < 0xc2 || c > 0xf4 || (s & 0xc0) != 0x80) return false
    if (c < 0xe0) { p += 2; continue }
    if (c == 0xe0 && s < 0xa0) return false
    if (c == 0xed && s > 0x9f) return false
    if ((load<u8>(p, 2) & 0xc0) != 0x80) return false
    if (c < 0xf0) { p += 3; continue }
    if (c == 0xf0 && s < 0x90) return false
    if (c == 0xf4 && s > 0x8f) return false
    if ((load<u8>(p, 3) & 0xc0) != 0x80) return false
    p += 4
  }
  return true
}

// @ts-ignore
@inline function event(node: i32, kind: i32, start: i32, end: i32): void {
  store<i32>(eventEnd, node | (kind << 8)); store<i32>(eventEnd, start, 4); store<i32>(eventEnd, end, 8)
  eventEnd += 12
}

function child(parent: i32, start: i32, end: i32): i32 {
  if (bodyEscapes && hasEscape(start, end)) return escapedChild(parent, start, end)
  const length = end - start
  const four = load<i32>(INPUT + start)
  const head = length < 4 ? four & ((1 << (length << 3)) - 1) : four
  let slot = <u32>((head ^ (parent << 20) ^ (length << 8)) * 0x9e3779b1) >> 24
  while (true) {
    const node = <i32>load<u8>(SLOTS + slot)
    if (node == 0) return 0
    if (load<i32>(HEADS + (node << 2)) == head && load<u8>(PARENTS + node) == parent && load<u8>(LENGTHS + node) == length) {
      let same = true
      for (let i = 4; i < length; i++) if (load<u8>(INPUT + start + i) != load<u8>(KEYS + (node << 4) + i)) { same = false; break }
      if (same) return node
    }
    slot = (slot + 1) & 255
  }
}

// @ts-ignore
@inline function digit(c: u32): bool { return c - 0x30 < 10 }

function number(p: usize): usize {
  let c: u32 = load<u8>(p)
  if (c == 0x2d) c = load<u8>(++p)
  if (!digit(c)) return 0
  if (c == 0x30) c = load<u8>(++p)
  else do { c = load<u8>(++p) } while (digit(c))
  if (c == 0x2e) { if (!digit(load<u8>(++p))) return 0; do { c = load<u8>(++p) } while (digit(c)) }
  if ((c | 0x20) == 0x65) {
    c = load<u8>(++p); if (c == 0x2b || c == 0x2d) c = load<u8>(++p)
    if (!digit(c)) return 0
    do { c = load<u8>(++p) } while (digit(c))
  }
  return p
}


/** Number of events, MALFORMED or TOO_DEEP. */
export function scan(length: i32): i32 {
  // Spaces after the body keep stage 1 calm; then zeros, which end every lexeme.
  memory.fill(INPUT + length, 0x20, 64)
  eventEnd = EVENTS
  if (!stage1(length)) return MALFORMED
  store<u64>(INPUT + length, 0)
  return stage2(length)
}

function stage2(length: i32): i32 {
  let at = white(0)
  let depth = 0
  let node: i32 = 1
  let closer: u32 = 0
  let parent: i32 = 0
  const wanted: u32 = load<u8>(WANTED)
  while (true) {
    // A value begins here, and `node` is its path.
    const c: u32 = load<u8>(INPUT + at)
    if (c == 0x22) {
      const end = stringEnd(at + 1)
      if (end >= length) return MALFORMED
      if (<u32>node - 1 < wanted) event(node, bodyEscapes && hasEscape(at + 1, end) ? 6 : 5, at + 1, end)
      at = end + 1
    } else if ((c | 0x20) == 0x7b) {
      if (depth == DEPTH_MAX) return TOO_DEEP
      store<u8>(NODES + depth, <u8>parent)
      store<u8>(CLOSERS + depth, <u8>closer)
      depth++
      parent = node
      closer = c + 2
      store<i32>(OPENS + (depth << 2), at)
      if (<u32>node - 1 < wanted) event(node, OPENED, at, 0)
      at = white(at + 1)
      if (load<u8>(INPUT + at) != closer) {
        at = member(at, parent, closer, length)
        if (at < 0) return MALFORMED
        node = memberNode
        continue
      }
    } else {
      at = scalar(<u32>node - 1 < wanted ? node : 0, at, c)
      if (at < 0) return MALFORMED
    }
    // A value has ended: containers end with it, until a comma says that another follows.
    while (true) {
      at = white(at)
      if (depth == 0) return at == length ? <i32>(eventEnd - EVENTS) / 12 : MALFORMED
      const next: u32 = load<u8>(INPUT + at)
      if (next == 0x2c) break
      if (next != closer) return MALFORMED
      if (<u32>parent - 1 < wanted) event(parent, CLOSED, load<i32>(OPENS + (depth << 2)), at)
      depth--
      parent = load<u8>(NODES + depth)
      closer = load<u8>(CLOSERS + depth)
      at++
    }
    at = member(white(at + 1), parent, closer, length)
    if (at < 0) return MALFORMED
    node = memberNode
  }
}

let memberNode: i32 = 0

/** Where the next value begins: past its key in an object, here in an array. Leaves its path in memberNode. */
// @ts-ignore
@inline function member(at: i32, parent: i32, closer: u32, length: i32): i32 {
  if (closer == 0x5d) {
    memberNode = load<u8>(ELEMENTS + parent)
    return at
  }
  if (load<u8>(INPUT + at) != 0x22) return MALFORMED
  const end = stringEnd(at + 1)
  if (end >= length) return MALFORMED
  memberNode = parent == 0 ? 0 : child(parent, at + 1, end)
  const colon = white(end + 1)
  return load<u8>(INPUT + colon) == 0x3a ? white(colon + 1) : MALFORMED
}

/** A number, true, false or null: after it, or MALFORMED. */
// @ts-ignore
@inline function scalar(node: i32, at: i32, first: u32): i32 {
  const start = INPUT + at
  let end: usize = 0
  let kind = 4
  if (first == 0x2d || first - 0x30 < 10) end = number(start)
  else {
    const word = load<u32>(start)
    if (word == 0x65757274) { end = start + 4; kind = 3 }
    else if (word == 0x6c6c756e) { end = start + 4; kind = 1 }
    else if (first == 0x66 && load<u32>(start + 1) == 0x65736c61) { end = start + 5; kind = 2 }
  }
  if (end == 0) return MALFORMED
  const after = <i32>(end - INPUT)
  if (node) event(node, kind, at, after)
  return after
}
