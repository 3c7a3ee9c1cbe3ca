import type { Clock } from '../../clock.ts'
import { LIMITS as STORE_LIMITS } from '../limits.ts'
import { type OncePlan, planTallies } from '../plan-tallies.ts'
import {
  type LogCursor,
  type StreamPosition,
  TALLY_OVERFLOW,
  type Tally,
  type TallyAdd,
  type TallyBatch,
  type TallyChanges,
  TallyGap,
  type TallyStore,
} from '../store.ts'
import { WantedNames } from '../wanted-names.ts'
import { type RedisClient, rethrow, runScript } from './ioredis.ts'
import { tallyKeys } from './layout.ts'
import { LIMITS } from './limits.ts'
import { formatPoint, parsePoint, readTallyLog, tallyLogEnd } from './tally-log.ts'
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
  readonly #wanted = new WantedNames()
  /** Names of counters by number (from 1), as far as they were read, of one generation. */
  #names: { generation: string; byNumber: string[] } | undefined

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
      String(STORE_LIMITS.tallyChangesMs),
    ]
    const keys = [tallyKeys('').generation]
    const held = await this.#writer.write(({ client }) =>
      runScript(client, tallyScript, { keys, args }),
    )
    if (held !== null) throw new TallyGap(batch.stream, positionOf(String(held)))
  }

  async *read(
    fromDay: string,
    toDay: string,
    isWanted?: (field: string) => boolean,
  ): AsyncIterable<Tally> {
    const generation = await this.#generation()
    const names = await this.#namesOf(generation)
    const wanted = isWanted && (await this.#wanted.numbers(isWanted, names))
    const days = await this.#reader.smembers(tallyKeys(generation).days).catch(rethrow)
    for (const day of days.filter((one) => fromDay <= one && one <= toDay)) {
      const hash = tallyKeys(generation).day(day)
      for await (const [number, value] of wanted ? this.#pick(hash, wanted) : this.#walk(hash)) {
        if (value === '0') continue
        // One that was made since the names were read.
        const field = names[number] ?? (await this.#namesOf(generation))[number]
        if (field === undefined) throw new Error('the tallies were cleared while they were read')
        yield { day, field, value: BigInt(value) }
      }
    }
  }

  async changesEnd(): Promise<LogCursor> {
    return formatPoint(await tallyLogEnd(this.#reader))
  }

  async changesSince(cursor: LogCursor): Promise<TallyChanges> {
    const { changed, point, ...more } = await readTallyLog(this.#reader, parsePoint(cursor))
    const tallies: Tally[] = []
    if (changed.size > 0) {
      const names = await this.#namesOf(point.generation)
      for (const [day, numbers] of changed) {
        const hash = tallyKeys(point.generation).day(day)
        for await (const [number, value] of this.#pick(hash, [...numbers]))
          tallies.push({ day, field: names[number]!, value: BigInt(value) })
      }
    }
    return { changed: tallies, cursor: formatPoint(point), ...more }
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
    const { applied, numbers, names, days, changes, changed, day } = tallyKeys(before)
    const held = await this.#reader.smembers(days).catch(rethrow)
    // What was counted once goes by itself, when its time is over.
    await this.#writer.write(({ client }) =>
      client
        .unlink(applied, numbers, names, days, changes, changed, ...held.map(day))
        .catch(rethrow),
    )
  }

  async #generation(): Promise<string> {
    return (await this.#reader.get(tallyKeys('').generation).catch(rethrow)) ?? '0'
  }

  /** Every field of a hash of counters; one that grows meanwhile may give a field twice, which is told once. */
  async *#walk(hash: string): AsyncIterable<[number, string]> {
    const seen = new Set<string>()
    for (let cursor = '0'; ; ) {
      const [next, found] = await this.#reader
        .hscan(hash, cursor, 'COUNT', LIMITS.tallyScanCount)
        .catch(rethrow)
      for (let i = 0; i < found.length; i += 2)
        if (!seen.has(found[i]!)) {
          seen.add(found[i]!)
          yield [Number(found[i]), found[i + 1]!]
        }
      if (next === '0') return
      cursor = next
    }
  }

  async *#pick(hash: string, numbers: readonly number[]): AsyncIterable<[number, string]> {
    for (let from = 0; from < numbers.length; from += LIMITS.tallyScanCount) {
      const some = numbers.slice(from, from + LIMITS.tallyScanCount)
      const values = await this.#reader.hmget(hash, ...some.map(String)).catch(rethrow)
      for (const [i, value] of values.entries()) if (value !== null) yield [some[i]!, value]
    }
  }

  /** Names of counters by number, of which only those are read that are not known yet. */
  async #namesOf(generation: string): Promise<readonly string[]> {
    const { numbers, names } = tallyKeys(generation)
    const known = this.#names?.generation === generation ? this.#names.byNumber : ['']
    const count = await this.#reader.hlen(numbers).catch(rethrow)
    for (let from = known.length; from <= count; from += LIMITS.tallyScanCount) {
      const to = Math.min(count + 1, from + LIMITS.tallyScanCount)
      const some = Array.from({ length: to - from }, (_, i) => String(from + i))
      const found = await this.#reader.hmget(names, ...some).catch(rethrow)
      for (const [i, name] of found.entries()) known[from + i] = name ?? ''
    }
    this.#names = { generation, byNumber: known }
    return known
  }
}

function positionOf(text: string): StreamPosition {
  const space = text.indexOf(' ')
  return { seq: Number(text.slice(0, space)), digest: text.slice(space + 1) }
}

function addText({ day, field, by }: TallyAdd): [string, string, string] {
  return [day, field, String(by)]
}

function onceText({ day, id, rank, among, untilMs, adds }: OncePlan) {
  const one = [day, bucketOf(id), id, rank, Math.ceil(untilMs / 1000), adds.map(addText)]
  return among ? [...one, bucketOf(among.id), among.id, among.max] : one
}

function bucketOf(id: string): number {
  return Buffer.from(id, 'base64url').readUInt16BE(0) % LIMITS.onceBuckets
}
