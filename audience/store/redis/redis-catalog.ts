import { randomUUID } from 'node:crypto'
import {
  CatalogConflict,
  type CatalogRecord,
  type CatalogRecords,
  type CatalogStore,
  type CatalogWrite,
} from '../store.ts'
import { catalogChangesScript, catalogWriteScript } from './catalog-scripts.ts'
import { execAll, type RedisArgument, type RedisClient, rethrow, runScript } from './ioredis.ts'
import { catalogKeys } from './layout.ts'
import type { LogBell } from './log-bell.ts'
import type { Writer } from './writer.ts'

/**
 * The catalog in one slot: a hash of records (`<kind>/<id>` → `<version> <json>`), the version now, and
 * a sorted set of names by the version of their last change. Names of deleted records stay in it, so
 * that a reader however late learns of it.
 */
export class RedisCatalog implements CatalogStore {
  readonly #reader: RedisClient
  readonly #writer: Writer
  readonly #bell: LogBell

  /** Reads over `reader`, which no write holds up. */
  constructor(parts: { reader: RedisClient; writer: Writer; bell: LogBell }) {
    this.#reader = parts.reader
    this.#writer = parts.writer
    this.#bell = parts.bell
  }

  async load(): Promise<CatalogRecords> {
    const { version, records } = catalogKeys
    const both = this.#reader.multi().get(version).hgetall(records)
    const [now, held] = (await execAll(both)) as [string | null, Record<string, string>]
    return {
      version: Number(now ?? 0),
      records: Object.entries(held).map(([name, text]) => recordOf(name, text)),
    }
  }

  async changesSince(version: number): Promise<CatalogRecords> {
    const input = {
      keys: [catalogKeys.records, catalogKeys.version, catalogKeys.changed],
      args: [version],
    }
    const reply = await runScript(this.#reader, catalogChangesScript, input)
    const [now, ...rest] = (reply as Buffer[]).map(String)
    const records: CatalogRecord[] = []
    for (let i = 0; i < rest.length; i += 3) {
      const [name, held, changedAt] = rest.slice(i, i + 3) as [string, string, string]
      records.push(recordOf(name, held || `${changedAt} null`))
    }
    return { version: Number(now), records }
  }

  async version(): Promise<number> {
    const version = Number((await this.#reader.get(catalogKeys.version).catch(rethrow)) ?? 0)
    this.#bell.tellVersion(version)
    return version
  }

  isQuietAt(version: number): boolean {
    return this.#bell.isQuietAt(version)
  }

  async write(writes: readonly CatalogWrite[]): Promise<number> {
    const args = writes.flatMap(argumentsOf)
    if (!writes.length) return this.version()
    // The same token with every attempt: a write whose answer was lost is not done twice.
    const { records, version, changed, receipt, log } = catalogKeys
    const keys = [records, version, changed, receipt(randomUUID()), log]
    const reply = await this.#writer.write(({ client }) =>
      runScript(client, catalogWriteScript, { keys, args }),
    )
    const refused = writes[-(reply as number) - 1]
    if (refused) throw new CatalogConflict(refused.kind, refused.id)
    return reply as number
  }

  /** A number whose answer was lost is never given; the next one is. */
  nextNumber(sequence: string): Promise<number> {
    return this.#writer.write(({ client }) =>
      client.hincrby(catalogKeys.sequences, sequence, 1).catch(rethrow),
    )
  }
}

function argumentsOf({ kind, id, value, expect, isOnlyExpected }: CatalogWrite): RedisArgument[] {
  if (value === undefined) throw new TypeError(`catalog: ${kind} ${id} has no value`)
  const json = isOnlyExpected ? '=' : value === null ? '' : JSON.stringify(value)
  return [`${kind}/${id}`, expect === undefined ? '' : String(expect), json]
}

function recordOf(name: string, held: string): CatalogRecord {
  const slash = name.indexOf('/')
  const space = held.indexOf(' ')
  return {
    kind: name.slice(0, slash),
    id: name.slice(slash + 1),
    version: Number(held.slice(0, space)),
    value: JSON.parse(held.slice(space + 1)),
  }
}
