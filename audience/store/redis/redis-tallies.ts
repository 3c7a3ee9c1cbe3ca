import type { Clock } from '../../clock.ts'
import { type OncePlan, planTallies } from '../plan-tallies.ts'
import {
  type StreamPosition,
  TALLY_OVERFLOW,
  type Tally,
  type TallyAdd,
  type TallyBatch,
  TallyGap,
  type TallyStore,
} from '../store.ts'
import { type RedisClient, rethrow, runScript } from './ioredis.ts'
import { tallyKeys } from './layout.ts'
import { LIMITS } from './limits.ts'
import { tallyScript } from './tally-script.ts'
import type { Writer } from './writer.ts'

/**
 * Tallies in one slot: what an unlucky failover loses, it loses together with the positions, so the
 * streams are applied again from there. A generation names all keys; `clear` begins a new one.
 */
export class RedisTallies implements TallyStore {
  readonly #reader: RedisClient
  readonly #writer: Writer
  readonly #clock: Clock
  /** Names of counters by number, as far as they were needed, of one generation. */
  #names: { generation: string; byNumber: Map<string, string> } | undefined

  /** Reads over `reader`, which no write holds up. */
  constructor(parts: { reader: RedisClient; writer: Writer; clock: Clock }) {
    this.#reader = parts.reader
    this.#writer = parts.writer
    this.#clock = parts.clock
  }

  async applied(): Promise<ReadonlyMap<string, StreamPosition>> {
    const { applied } = tallyKeys(await this.#generation())
    const held = await this.#reader.hgetall(applied).catch(rethrow)
    return new Map(Object.entries(held).map(([stream, text]) => [stream, positionOf(text)]))
  }

  async apply(batch: TallyBatch): Promise<void> {
    const plan = planTallies(batch, this.#clock.now())
    const { seq, digest } = batch.upTo
    const args = [
      batch.stream,
      String(batch.after),
      `${seq} ${digest}`,
      TALLY_OVERFLOW,
      JSON.stringify(plan.adds.map(addText)),
      JSON.stringify(plan.once.map(onceText)),
    ]
    const keys = [tallyKeys('').generation]
    const held = await this.#writer.write(({ client }) =>
      runScript(client, tallyScript, { keys, args }),
    )
    if (held !== null) throw new TallyGap(batch.stream, positionOf(String(held)))
  }

  async *read(fromDay: string, toDay: string): AsyncIterable<Tally> {
    const generation = await this.#generation()
    const days = await this.#reader.smembers(tallyKeys(generation).days).catch(rethrow)
    for (const day of days.filter((one) => fromDay <= one && one <= toDay)) {
      // A hash that grows while it is walked may give a counter twice.
      const seen = new Set<string>()
      for await (const [number, value] of this.#walk(tallyKeys(generation).day(day))) {
        if (seen.has(number) || value === '0') continue
        seen.add(number)
        yield { day, field: await this.#nameOf(generation, number), value: BigInt(value) }
      }
    }
  }

  async retire(streams: readonly string[]): Promise<void> {
    if (streams.length === 0) return
    const { applied } = tallyKeys(await this.#generation())
    await this.#writer.write(({ client }) => client.hdel(applied, ...streams).catch(rethrow))
  }

  async clear(): Promise<void> {
    const before = await this.#generation()
    await this.#writer.write(({ client }) =>
      client.set(tallyKeys('').generation, String(Number(before) + 1)).catch(rethrow),
    )
    const { applied, numbers, days, day } = tallyKeys(before)
    const held = await this.#reader.smembers(days).catch(rethrow)
    // What was counted once goes by itself, when its time is over.
    await this.#writer.write(({ client }) =>
      client.unlink(applied, numbers, days, ...held.map(day)).catch(rethrow),
    )
  }

  async #generation(): Promise<string> {
    return (await this.#reader.get(tallyKeys('').generation).catch(rethrow)) ?? '0'
  }

  async *#walk(hash: string): AsyncIterable<[string, string]> {
    for (let cursor = '0'; ; ) {
      const step = await this.#reader
        .hscan(hash, cursor, 'COUNT', LIMITS.tallyScanCount)
        .catch(rethrow)
      const [next, found] = step
      for (let i = 0; i < found.length; i += 2) yield [found[i]!, found[i + 1]!]
      if (next === '0') return
      cursor = next
    }
  }

  async #nameOf(generation: string, number: string): Promise<string> {
    const known = this.#names
    if (known?.generation === generation && known.byNumber.has(number))
      return known.byNumber.get(number)!
    const byNumber = new Map<string, string>()
    for await (const [field, its] of this.#walk(tallyKeys(generation).numbers))
      byNumber.set(its, field)
    this.#names = { generation, byNumber }
    const name = byNumber.get(number)
    if (name === undefined) throw new Error('the tallies were cleared while they were read')
    return name
  }
}

function positionOf(text: string): StreamPosition {
  const space = text.indexOf(' ')
  return { seq: Number(text.slice(0, space)), digest: text.slice(space + 1) }
}

function addText({ day, field, by }: TallyAdd): [string, string, string] {
  return [day, field, String(by)]
}

function onceText({ day, id, rank, untilMs, adds }: OncePlan) {
  const bucket = Buffer.from(id, 'base64url').readUInt16BE(0) % LIMITS.onceBuckets
  return [day, bucket, id, rank, Math.ceil(untilMs / 1000), adds.map(addText)]
}
