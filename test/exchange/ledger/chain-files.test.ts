import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { readSpan } from '../../../exchange/ledger/chain-files.ts'

const dir = mkdtempSync(join(tmpdir(), 'passerelle-chain-files-'))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('reading on at the end of a file takes no more memory than there is to read', async () => {
  const path = join(dir, 'a')
  writeFileSync(path, 'x'.repeat(100) + 'new line\n')
  const file = await open(path)
  try {
    const bytes = await readSpan(file, 100, 100 + 2 * 1024 * 1024)
    expect(bytes.toString()).toBe('new line\n')
    expect(bytes.buffer.byteLength).toBeLessThan(64 * 1024)
    expect((await readSpan(file, 109, 1_000)).length).toBe(0)
    expect((await readSpan(file, 500, 1_000)).length).toBe(0)
  } finally {
    await file.close()
  }
})
