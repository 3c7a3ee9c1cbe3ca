import { VarintReader, writeVarint } from '../../proto/varint.ts'

/** What a token says of an answer: to whom it went, and what it carried under contracts that bill on notice. */
export interface TokenContent {
  /** Number of the buying partner. */
  buyer: number
  /** Id of the deal whose audience rests on the contracts; '' where the segments themselves were written. */
  deal: string
  lines: readonly TokenLine[]
}

/** Segments under one version of a contract. */
export interface TokenLine {
  contract: string
  version: number
  /** Where each segment stands in the contract's `segments` at that version, ascending: one or two bytes each. */
  positions: readonly number[]
}

/** At most so many bytes a line takes besides its positions, and so many a position. */
export const LINE_BYTES_MAX = 75
export const POSITION_BYTES_MAX = 3

/** The content packed, in base64url: the first part of a token. */
export function writeDescriptor({ buyer, deal, lines }: TokenContent): string {
  const bytes: number[] = []
  writeVarint(bytes, buyer)
  writeText(bytes, deal)
  for (const { contract, version, positions } of lines) {
    writeText(bytes, contract)
    writeVarint(bytes, version)
    writeVarint(bytes, positions.length)
    let last = 0
    for (const position of positions) {
      writeVarint(bytes, position - last)
      last = position
    }
  }
  return Buffer.from(bytes).toString('base64url')
}

/** Undefined where the text is no descriptor: one that we sealed always is. */
export function readDescriptor(text: string): TokenContent | undefined {
  const bytes = Buffer.from(text, 'base64url')
  const reader = new VarintReader()
  reader.begin(bytes, 0, bytes.length)
  const buyer = reader.next()
  const deal = readText(reader)
  const lines: TokenLine[] = []
  while (reader.at < reader.end && !reader.failed) lines.push(readLine(reader))
  return reader.failed ? undefined : { buyer, deal, lines }
}

function readLine(reader: VarintReader): TokenLine {
  const contract = readText(reader)
  const version = reader.next()
  const positions: number[] = []
  let position = 0
  for (let left = reader.next(); left > 0 && !reader.failed; left--) {
    position += reader.next()
    positions.push(position)
  }
  return { contract, version, positions }
}

function writeText(into: number[], text: string): void {
  const bytes = Buffer.from(text)
  writeVarint(into, bytes.length)
  into.push(...bytes)
}

function readText(reader: VarintReader): string {
  const length = reader.next()
  const start = reader.at
  reader.skip(length)
  return reader.failed ? '' : Buffer.from(reader.bytes.subarray(start, start + length)).toString()
}
