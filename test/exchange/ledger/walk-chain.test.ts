import { expect, test } from 'vitest'
import type { ChainHandle } from '../../../exchange/ledger/chain-files.ts'
import { chainStart, formLine } from '../../../exchange/ledger/chain-line.ts'
import { LIMITS } from '../../../exchange/ledger/limits.ts'
import { walkChain } from '../../../exchange/ledger/walk-chain.ts'

/** A file in memory that notes how long the buffers are which it is asked to fill. */
function fileOf(bytes: Buffer): { file: ChainHandle; asked: number[] } {
  const asked: number[] = []
  const file = {
    stat: async () => ({ size: bytes.length }),
    read: async (into: Buffer, offset: number, length: number, at: number) => {
      asked.push(into.length)
      return { bytesRead: bytes.copy(into, offset, at, at + length) }
    },
  }
  return { file: file as unknown as ChainHandle, asked }
}

test('a desk that finds a few new lines takes memory for these alone', async () => {
  const start = chainStart('bid 1')
  const line = formLine(start, 0, { kind: 'delivered' })
  const text = Buffer.from(`${line.text}\n`)
  const { file, asked } = fileOf(text)
  const seqs: number[] = []
  for await (const { lines } of walkChain(file, { ...start, offset: 0 }))
    seqs.push(...lines.map(({ seq }) => seq))
  expect(seqs).toEqual([1])
  expect(Math.max(...asked)).toBe(text.length)
})

test('a file longer than one step is walked to its end', async () => {
  const start = chainStart('bid 1')
  let end = start
  const texts: string[] = []
  for (let bytes = 0; bytes < 2.5 * LIMITS.readBytes; ) {
    const { text, seq, chain } = formLine(end, 0, { padding: 'x'.repeat(100_000) })
    texts.push(`${text}\n`)
    bytes += text.length + 1
    end = { seq, chain }
  }
  const { file, asked } = fileOf(Buffer.from(texts.join('')))
  let last = 0
  for await (const { lines } of walkChain(file, { ...start, offset: 0 })) last = lines.at(-1)!.seq
  expect(last).toBe(texts.length)
  expect(Math.max(...asked)).toBe(LIMITS.readBytes)
})
