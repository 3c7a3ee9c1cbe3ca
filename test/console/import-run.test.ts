import { expect, test } from 'vitest'
import { ImportRun } from '../../console/imports/import-run.ts'
import { linesOf } from '../../console/imports/line-splitter.ts'
import { LIMITS } from '../../console/limits.ts'

const CHUNK_LINES = 100

/** Lines without end; `pulled` tells how many were asked for. */
function endless() {
  const source = { pulled: 0, lines }
  async function* lines(): AsyncIterable<Uint8Array> {
    for (;;) {
      source.pulled += CHUNK_LINES
      yield Buffer.from('x\n'.repeat(CHUNK_LINES))
    }
  }
  return source
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('while a batch is written the next is read, and no more, however slow the store is', async () => {
  const source = endless()
  const writes: (() => void)[] = []
  const run = new ImportRun<string>({
    read: () => ({ value: 'x' }),
    write: () => new Promise((resolve) => writes.push(() => resolve([]))),
  })
  void run.run(linesOf(source.lines()))
  for (let written = 1; written <= 5; written++) {
    for (let i = 0; i < 20; i++) await turn()
    expect(writes).toHaveLength(written)
    expect(source.pulled).toBe((written + 1) * LIMITS.batchLines)
    expect(run.report().accepted).toBe((written - 1) * LIMITS.batchLines)
    writes.at(-1)!()
  }
})

test('where the source breaks off, what is being written is waited for', async () => {
  let finish = () => {}
  const run = new ImportRun<string>({
    read: () => ({ value: 'x' }),
    write: () => new Promise((resolve) => (finish = () => resolve([]))),
  })
  async function* broken(): AsyncIterable<Uint8Array> {
    yield Buffer.from('x\n'.repeat(LIMITS.batchLines))
    throw new Error('gone')
  }
  let isOver = false
  const running = run.run(linesOf(broken())).finally(() => {
    isOver = true
  })
  running.catch(() => {})
  for (let i = 0; i < 20; i++) await turn()
  expect(isOver).toBe(false)
  finish()
  await expect(running).rejects.toThrow('gone')
  expect(run.report().accepted).toBe(LIMITS.batchLines)
})
