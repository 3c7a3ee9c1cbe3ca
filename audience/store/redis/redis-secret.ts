import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoreFinding } from '../store.ts'
import { rethrow } from './ioredis.ts'
import { catalogKeys } from './layout.ts'
import { redisFinding } from './reasons.ts'
import type { Writer } from './writer.ts'

const secretBytes = 32

/**
 * The root secret: in Redis, made by whoever comes first, and remembered in
 * `<dataDir>/redis-secret` (64 hex digits, mode 0600). A Redis that lost everything is given the
 * remembered one again: ids and pseudonyms stay what they were. One that holds another wins.
 */
export class RedisSecret {
  readonly #writer: Writer
  readonly #dataDir: string
  #finding: StoreFinding | undefined

  constructor(writer: Writer, dataDir: string) {
    this.#writer = writer
    this.#dataDir = dataDir
  }

  get findings(): StoreFinding[] {
    return this.#finding ? [this.#finding] : []
  }

  async read(): Promise<Buffer> {
    const remembered = await this.#remembered()
    const offered = remembered ?? randomBytes(secretBytes)
    const secret = await this.#writer.write(async ({ client }) => {
      await client.set(catalogKeys.secret, offered, 'NX').catch(rethrow)
      return (await client.getBuffer(catalogKeys.secret).catch(rethrow)) ?? offered
    })
    if (!remembered) await this.#remember(secret)
    else if (!remembered.equals(secret)) this.#finding = redisFinding('secret', this.#file())
    return secret
  }

  #file(): string {
    return join(this.#dataDir, 'redis-secret')
  }

  async #remembered(): Promise<Buffer | undefined> {
    const text = await readFile(this.#file(), 'latin1').catch(() => '')
    return /^[0-9a-f]{64}\n$/.test(text) ? Buffer.from(text.trim(), 'hex') : undefined
  }

  /** A data directory that cannot be written costs the memory, not the start. */
  async #remember(secret: Buffer): Promise<void> {
    try {
      await mkdir(this.#dataDir, { recursive: true, mode: 0o700 })
      await writeFile(this.#file(), `${secret.toString('hex')}\n`, { mode: 0o600 })
    } catch (error) {
      this.#finding = redisFinding('unremembered', (error as Error).message)
    }
  }
}
