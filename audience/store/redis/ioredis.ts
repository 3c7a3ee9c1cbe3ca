/** The door of ioredis: four kinds of client, none with its defaults. */
import { type ChainableCommander, Redis } from 'ioredis'
import { LIMITS } from './limits.ts'
import { StoreUnreachable } from './store-unreachable.ts'

export type RedisClient = Redis
export type RedisPipeline = ChainableCommander
export type RedisArgument = string | number | Buffer

/** A Lua script; sent whole the first time a connection needs it, and by its hash after that. */
export interface Script {
  name: string
  lua: string
}

const silenceMs = {
  lookup: LIMITS.lookupSilenceMs,
  writer: LIMITS.writerSilenceMs,
  follower: LIMITS.followerSilenceMs,
  bell: LIMITS.bellSilenceMs,
} as const
export type ClientRole = keyof typeof silenceMs

/**
 * A client that connects at once and for ever after. Nothing is queued while it is down, nothing is
 * sent twice, and whatever waits is rejected when the connection falls silent or is lost.
 */
export function connectRedis(url: string, role: ClientRole, scripts: Script[]): RedisClient {
  const client = new Redis(withoutOwnSettings(url), {
    connectionName: `passerelle-${role}`,
    protocol: 2,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: true,
    connectTimeout: LIMITS.connectTimeoutMs,
    socketTimeout: silenceMs[role],
    keepAlive: 5000,
    retryStrategy: pauseMs,
    // A demoted master: connect anew, and leave the command to whoever sent it.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 1 : false),
  })
  for (const { name, lua } of scripts) client.defineCommand(name, { lua })
  // Without a listener ioredis prints each failure; the store's findings say it instead.
  client.on('error', () => {})
  return client
}

/** 50 ms, doubling up to a second, less up to half of it, so that processes do not return together. */
function pauseMs(attempt: number): number {
  const most = Math.min(50 * 2 ** Math.min(attempt, 10), LIMITS.reconnectPauseMaxMs)
  return Math.round(most * (1 - Math.random() / 2))
}

/** `?buckets=` is ours; ioredis would take it for one of its options. */
function withoutOwnSettings(url: string): string {
  const parsed = new URL(url)
  parsed.searchParams.delete('buckets')
  return parsed.toString()
}

/** Runs a script. Its bulk strings come back as Buffers. Rejects with StoreUnreachable. */
export async function runScript(
  client: RedisClient,
  script: Script,
  input: { keys: string[]; args: RedisArgument[] },
): Promise<unknown> {
  const run = (client as unknown as Record<string, ScriptCall>)[`${script.name}Buffer`]!
  return run.call(client, input.keys.length, ...input.keys, ...input.args).catch(rethrow)
}

/** Adds a script to a pipeline; its bulk strings come back as Buffers. */
export function pipeScript(
  pipeline: RedisPipeline,
  script: Script,
  input: { keys: string[]; args: RedisArgument[] },
): void {
  const run = (pipeline as unknown as Record<string, ScriptCall>)[`${script.name}Buffer`]!
  run.call(pipeline, input.keys.length, ...input.keys, ...input.args)
}

type ScriptCall = (count: number, ...rest: RedisArgument[]) => Promise<unknown>

/** All answers of a pipeline in order; rejects with StoreUnreachable where any is an error. */
export async function execAll(pipeline: RedisPipeline): Promise<unknown[]> {
  const replies = await pipeline.exec().catch(rethrow)
  return (replies ?? []).map(([error, value]) => (error ? rethrow(error) : value))
}

const gathering = new WeakSet<RedisClient['stream']>()

/**
 * From now to the end of this turn of the event loop, what is asked of a client goes out in one write: commands sent one by
 * one cost a system call each, and a pipeline, which copies every script of the client, more than the commands in it.
 */
export function gatherWrites({ stream }: RedisClient): void {
  if (gathering.has(stream)) return
  gathering.add(stream)
  stream.cork()
  setImmediate(() => {
    gathering.delete(stream)
    stream.uncork()
  })
}

/** Answers of commands sent one by one, in order; rejects with StoreUnreachable where any is an error. */
export function allOf<T extends readonly unknown[]>(
  replies: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  return Promise.all(replies).catch(rethrow)
}

/** Turns what ioredis rejects with into the house's own error. */
export function rethrow(error: unknown): never {
  throw asUnreachable(error)
}

export function asUnreachable(error: unknown): StoreUnreachable {
  if (error instanceof StoreUnreachable) return error
  const { name, message } = error as Error
  if (name === 'ReplyError') return new StoreUnreachable('refused', message)
  if (message.startsWith("Stream isn't writeable")) return new StoreUnreachable('down')
  return new StoreUnreachable('dropped')
}
