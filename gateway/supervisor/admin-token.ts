import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the first operator's token is kept when none was given. */
export function adminTokenPath(dataDir: string): string {
  return join(dataDir, 'admin-token')
}

/** The token of the first operator: as given, else made once and kept readable to its owner only. */
export function adminToken(given: string | undefined, dataDir: string): string {
  if (given !== undefined) return given
  const path = adminTokenPath(dataDir)
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(path, 'utf8').trim()
}
