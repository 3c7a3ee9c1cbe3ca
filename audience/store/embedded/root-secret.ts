import { randomBytes } from 'node:crypto'
import { link, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'

const SECRET_BYTES = 32
const HEX_SECRET = /^[0-9a-f]{64}\n?$/

/**
 * The root secret kept in `<dir>/secret` (64 hex digits, mode 0600), made on first use. Processes
 * that race get the same one. Rejects where the file is there and is not a secret: a new one would
 * make strangers of everybody.
 */
export async function rootSecretIn(dir: string): Promise<Buffer> {
  const file = join(dir, 'secret')
  const text = (await readIfThere(file)) ?? (await make(file))
  if (!HEX_SECRET.test(text)) throw new Error(`${file} is not a secret of 64 hex digits`)
  return Buffer.from(text.trim(), 'hex')
}

/** Written beside and linked into place: whoever links first wins, and nobody reads half a file. */
async function make(file: string): Promise<string> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeSynced(draft, `${randomBytes(SECRET_BYTES).toString('hex')}\n`)
  try {
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await unlink(draft)
  }
  return readFile(file, 'latin1')
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
