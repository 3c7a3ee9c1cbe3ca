import { readFileSync } from 'node:fs'
import { adminTokenPath } from '../../gateway/supervisor/admin-token.ts'
import { CliError } from './cli-error.ts'
import type { Io } from './io.ts'

/** Where the console is, and what lets us in. */
export interface Connection {
  url: URL
  token: string
}

export interface ConnectionOptions {
  url?: string
  token?: string
}

const PORT_DEFAULT = '8081'

/** From the options, else the environment (set to nothing is not set), else where a running instance keeps its token. Throws CliError. */
export function connectionOf(options: ConnectionOptions, { env }: Io): Connection {
  const here = `http://127.0.0.1:${env['PASSERELLE_CONSOLE_PORT'] || PORT_DEFAULT}`
  const url = options.url ?? (env['PASSERELLE_URL'] || here)
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new CliError(`${JSON.stringify(url)} is no address`, [
      `Give one such as ${here} with --url or PASSERELLE_URL.`,
    ])
  const token = options.token ?? (env['PASSERELLE_ADMIN_TOKEN'] || tokenInFile(env))
  return { url: new URL(url), token }
}

function tokenInFile(env: Io['env']): string {
  const path = adminTokenPath(dataDirOf(env))
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    throw new CliError(`there is no token: ${path} cannot be read`, [
      'Give it with --token or PASSERELLE_ADMIN_TOKEN, or name the data directory in PASSERELLE_DATA.',
    ])
  }
}

/** The data directory an instance with these settings has. */
export function dataDirOf(env: Io['env']): string {
  const store = env['PASSERELLE_STORE'] ?? ''
  const embedded = store.startsWith('embedded:') ? store.slice('embedded:'.length) : undefined
  return env['PASSERELLE_DATA'] || embedded || './data'
}
