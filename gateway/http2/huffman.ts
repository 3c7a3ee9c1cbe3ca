/**
 * Bits of each byte's code, and of the end of a string (256), RFC 7541 Appendix B. The code is canonical: codes follow
 * each other by length, then by byte, so that the lengths say all.
 */
// biome-ignore format: sixteen in a row
const CODE_BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]
const BITS_MAX = 30
const END = 256
const NONE = -1
/** The shortest code has five bits: four complete one at most. */
const STEP_BITS = 4
const STEPS = 1 << STEP_BITS
const FAILED = 0xffff

/** What four more bits lead to, for each node of the code's tree that has children. */
const { next, written, mayEnd } = makeSteps(makeTree())

/**
 * Decodes a string of Huffman codes (RFC 7541 §5.2), four bits at a time. Returns the end of what was written
 * to `into` from 0, which is to have room for 8/5 of the input; -1 where the codes are wrong: an end of string within, or padding
 * that is none of its first bits or longer than seven.
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  stop: number,
  into: Buffer,
): number {
  let [node, length] = [0, 0]
  for (let half = 2 * start; half < 2 * stop; half++) {
    const byte = bytes[half >> 1]!
    const i = node * STEPS + ((half & 1) === 0 ? byte >> STEP_BITS : byte & (STEPS - 1))
    node = next[i]!
    if (node === FAILED) return NONE
    if (written[i]! >= 0) into[length++] = written[i]!
  }
  return mayEnd[node] === 1 ? length : NONE
}

/** Two children a node: another node, or `-1 - byte`. */
type Tree = [number, number][]

function makeTree(): Tree {
  const tree: Tree = [[0, 0]]
  let code = 0
  for (let bits = 1; bits <= BITS_MAX; bits++, code *= 2)
    for (const [byte, length] of CODE_BITS.entries())
      if (length === bits) place(tree, { code: code++, bits, byte })
  return tree
}

function place(
  tree: Tree,
  { code, bits, byte }: { code: number; bits: number; byte: number },
): void {
  let node = 0
  for (let bit = bits - 1; bit > 0; bit--) {
    const side = (code >>> bit) & 1
    if (tree[node]![side] === 0) tree[node]![side] = tree.push([0, 0]) - 1
    node = tree[node]![side]!
  }
  tree[node]![code & 1] = NONE - byte
}

function makeSteps(tree: Tree) {
  const steps = {
    next: new Uint16Array(tree.length * STEPS),
    written: new Int16Array(tree.length * STEPS),
    mayEnd: padded(tree),
  }
  for (let i = 0; i < steps.next.length; i++) {
    let [node, byte] = [Math.floor(i / STEPS), NONE]
    for (let bit = STEP_BITS - 1; bit >= 0 && node !== FAILED; bit--) {
      const to = tree[node]![(i >> bit) & 1]!
      if (to < 0) byte = NONE - to
      node = to >= 0 ? to : byte === END ? FAILED : 0
    }
    steps.next[i] = node
    steps.written[i] = byte
  }
  return steps
}

/** A string may end after a code, or within the first seven bits of the code of END, which are ones. */
function padded(tree: Tree): Uint8Array {
  const mayEnd = new Uint8Array(tree.length)
  for (let node = 0, bits = 0; bits < 8; bits++, node = tree[node]![1]!) mayEnd[node] = 1
  return mayEnd
}
