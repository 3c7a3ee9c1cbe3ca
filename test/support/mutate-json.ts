import type { Random } from './random.ts'

/** Pieces that meet every branch of a JSON parser, as Latin-1 (one character a byte). */
const PIECES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '""',
    '{}',
    '[]',
    ' ',
    '\n',
    '\t',
    '\r',
    '\x00',
    '\x0b',
  ],
  ...[
    '0',
    '1',
    '-',
    '.',
    'e',
    'E+',
    '-0',
    '1.5',
    '2.0',
    '1e400',
    '01',
    'true',
    'false',
    'null',
    'nul',
  ],
  ...[
    '\\"',
    '\\\\',
    '\\u',
    '\\u0041',
    '\\ud800',
    '\\u12',
    '\\x',
    '\xc3\xa9',
    '\xe2\x82\xac',
    '\xf0\x9f\x99\x82',
  ],
  ...[
    '\xff',
    '\x80',
    '\xc0\x80',
    '\xed\xa0\x80',
    '\xf4\x90\x80\x80',
    '\xef\xbb\xbf',
    '[[[[[[[[',
    ']]]]]]]]',
  ],
  ...['{"a":', '"id":"",', '"id":null,', '"user":{},', '"user":{"id":"x"},', '"regs":{"gdpr":1},'],
  ...[
    '"imp":[],',
    '"data":[],',
    '"ext":{"eids":[]},',
    '"\\u0075ser":null,',
    '"__proto__":{},',
    ',"id":1',
  ],
]

/** The pieces as bytes, made once. */
const pieces = PIECES.map((piece) => Buffer.from(piece, 'latin1'))

type Mutation = (body: Buffer, random: Random, others: readonly Buffer[]) => Buffer

const splice = (body: Buffer, at: number, removed: number, added: Uint8Array) =>
  Buffer.concat([body.subarray(0, at), added, body.subarray(at + removed)])

const flipByte: Mutation = (body, random) => {
  const copy = Buffer.from(body)
  if (copy.length > 0) copy[random.int(copy.length)]! ^= 1 << random.int(8)
  return copy
}

const insertPiece: Mutation = (body, random) =>
  splice(body, random.int(body.length + 1), 0, random.pick(pieces))

const replaceWithPiece: Mutation = (body, random) =>
  splice(body, random.int(body.length + 1), random.int(4), random.pick(pieces))

const deleteSome: Mutation = (body, random) =>
  splice(body, random.int(body.length + 1), 1 + random.int(random.pick([1, 3, 12])), Buffer.of())

const truncate: Mutation = (body, random) => body.subarray(0, random.int(body.length + 1))

/** A member of some object again, elsewhere: duplicated keys, known keys in wrong places. */
const copyMember: Mutation = (body, random, others) => {
  const member = someMember(random.pick(others), random) ?? someMember(body, random)
  const at = afterSome(body, random, ['{', ',', '['])
  return member === undefined || at < 0 ? body : splice(body, at, 0, member)
}

/** White space where it may stand, and now and then where it may not. */
const addSpace: Mutation = (body, random) => {
  const at = afterSome(body, random, ['{', '}', '[', ']', ',', ':', '"'])
  return at < 0
    ? body
    : splice(body, at, 0, Buffer.from(random.pick([' ', '\n', '\t', '\r', '  \n'])))
}

/** A letter of a text or a key becomes its escape: the same JSON. */
const escapeLetter: Mutation = (body, random) => {
  const start = random.int(body.length + 1)
  for (let at = start; at < Math.min(start + 64, body.length); at++) {
    const c = body[at]!
    if (c < 0x61 || c > 0x7a || body[at - 1] === 0x5c) continue
    return splice(body, at, 1, Buffer.from(`\\u00${c.toString(16)}`))
  }
  return body
}

const MUTATIONS: readonly Mutation[] = [
  flipByte,
  insertPiece,
  replaceWithPiece,
  deleteSome,
  truncate,
  copyMember,
  copyMember,
  addSpace,
  addSpace,
  escapeLetter,
  escapeLetter,
]

/** One body bent in one to three ways; `others` lend it members. The bytes it is given are left alone. */
export function mutateJson(body: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  let bent = body
  const times = random.pick([1, 1, 1, 2, 3])
  for (let i = 0; i < times; i++) bent = random.pick(MUTATIONS)(bent, random, others)
  return bent
}

/** Offset after some byte of `stops`, searched from a random place; -1 where there is none. */
function afterSome(body: Buffer, random: Random, stops: readonly string[]): number {
  const at = body.indexOf(random.pick(stops), random.int(body.length + 1), 'latin1')
  return at < 0 ? -1 : at + 1
}

/** Something like `"key":{…},` cut out of a body, brackets counted; not always well-formed. */
function someMember(body: Buffer, random: Random): Buffer | undefined {
  const start = body.indexOf('"', random.int(body.length + 1), 'latin1')
  if (start < 0) return undefined
  let open = 0
  for (let at = start; at < body.length && at < start + 400; at++) {
    const c = body[at]
    if (c === 0x7b || c === 0x5b) open++
    if ((c === 0x7d || c === 0x5d || c === 0x2c) && open === 0)
      return Buffer.concat([body.subarray(start, at), Buffer.from(',')])
    if (c === 0x7d || c === 0x5d) open--
  }
  return undefined
}
