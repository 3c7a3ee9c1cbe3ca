import { storeFinding } from '../reasons.ts'
import type { StoreFinding } from '../store.ts'
import { type RedisClient, rethrow, runScript } from './ioredis.ts'
import { catalogKeys, Layout, validBuckets } from './layout.ts'
import { LIMITS } from './limits.ts'
import { listpackScript } from './listpack-script.ts'
import { redisFinding } from './reasons.ts'

const layoutVersion = 1

/**
 * Meets Redis anew on every connection of the writing client: learns or settles its layout, asks for
 * listpacks large enough, and looks at what an operator should know. Emits `greeted` on the client.
 */
export class Greeter {
  readonly #client: RedisClient
  readonly #bucketsAsked: number | undefined
  #layout: Layout | undefined
  #greeted = false
  #findings: StoreFinding[] = []
  #again: NodeJS.Timeout | undefined

  constructor(client: RedisClient, bucketsAsked: number | undefined) {
    this.#client = client
    this.#bucketsAsked = bucketsAsked
    client.on('ready', () => void this.#greet())
    client.on('close', () => {
      this.#greeted = false
      clearTimeout(this.#again)
    })
  }

  /** Of the Redis met last; undefined before the first. */
  get layout(): Layout | undefined {
    return this.#layout
  }

  /** Whether the connection there is now was greeted. */
  get greeted(): boolean {
    return this.#greeted
  }

  get findings(): StoreFinding[] {
    return this.#findings
  }

  close(): void {
    clearTimeout(this.#again)
  }

  async #greet(): Promise<void> {
    try {
      const found: StoreFinding[] = []
      const layout = await this.#meetLayout(found)
      found.push(...(await checkListpack(this.#client)), ...(await checkDurability(this.#client)))
      this.#findings = found
      this.#layout = layout
      this.#greeted = layout !== undefined
      this.#client.emit('greeted')
    } catch {
      // A lost connection is greeted when it is back; a Redis that refused is asked again.
      clearTimeout(this.#again)
      this.#again = setTimeout(() => this.#greetAgain(), LIMITS.reconnectPauseMaxMs).unref()
    }
  }

  #greetAgain(): void {
    if (this.#client.status === 'ready' && !this.#greeted) void this.#greet()
  }

  /** The first process to come settles how many buckets there are, for good. */
  async #meetLayout(found: StoreFinding[]): Promise<Layout | undefined> {
    const own = JSON.stringify({
      version: layoutVersion,
      buckets: this.#bucketsAsked ?? LIMITS.bucketsDefault,
    })
    await this.#client.set(catalogKeys.layout, own, 'NX').catch(rethrow)
    const held = JSON.parse((await this.#client.get(catalogKeys.layout).catch(rethrow)) ?? own)
    if (held.version !== layoutVersion || !validBuckets(held.buckets)) {
      found.push(redisFinding('layout', JSON.stringify(held)))
      return undefined
    }
    if (this.#bucketsAsked !== undefined && this.#bucketsAsked !== held.buckets) {
      found.push(redisFinding('buckets', `${this.#bucketsAsked} asked, ${held.buckets} held`))
    }
    return new Layout(held.buckets)
  }
}

/** Raises the thresholds only where they are too low, and judges by how a hash is really kept. */
async function checkListpack(client: RedisClient): Promise<StoreFinding[]> {
  if (await keepsListpacks(client)) return []
  const { listpackEntries, listpackValueBytes } = LIMITS
  try {
    await client.config('SET', 'hash-max-listpack-entries', String(listpackEntries))
    await client.config('SET', 'hash-max-listpack-value', String(listpackValueBytes))
  } catch (error) {
    return [storeFinding('listpack', messageOf(error))]
  }
  return (await keepsListpacks(client)) ? [] : [storeFinding('listpack')]
}

async function keepsListpacks(client: RedisClient): Promise<boolean> {
  const input = {
    keys: [catalogKeys.probe],
    args: [LIMITS.listpackEntries, LIMITS.listpackValueBytes],
  }
  return String(await runScript(client, listpackScript, input)) !== 'hashtable'
}

/** From INFO, which managed Redis allows where it refuses CONFIG. */
async function checkDurability(client: RedisClient): Promise<StoreFinding[]> {
  let info: string
  try {
    info = (await client.info('persistence')) + (await client.info('memory'))
  } catch (error) {
    return [redisFinding('unchecked', messageOf(error))]
  }
  const findings: StoreFinding[] = []
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown'
  if (!/^aof_enabled:1/m.test(info)) findings.push(storeFinding('appendonly'))
  if (policy !== 'noeviction') findings.push(storeFinding('eviction', policy))
  return findings
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
