import type { Clock } from '../../clock.ts'
import { LIMITS as STORE_LIMITS } from '../limits.ts'
import { storeFinding } from '../reasons.ts'
import type { Store, StoreFinding } from '../store.ts'
import type { BreakerState } from './breaker.ts'
import { catalogChangesScript, catalogWriteScript } from './catalog-scripts.ts'
import { ChangeFollower } from './change-follower.ts'
import {
  ackEventsScript,
  appendEventsScript,
  noteCountedScript,
  readEventsScript,
  replayEventsScript,
} from './event-scripts.ts'
import { fetchScript } from './fetch-script.ts'
import { Greeter } from './greeter.ts'
import { connectRedis, type RedisClient } from './ioredis.ts'
import { validBuckets } from './layout.ts'
import { learnScript, seenScript } from './learn-script.ts'
import { LIMITS } from './limits.ts'
import { listpackScript } from './listpack-script.ts'
import { LogBell } from './log-bell.ts'
import { logTrimScript } from './log-trim-script.ts'
import { Lookup } from './lookup.ts'
import { holdMessagesScript, noteSightingsScript, sweepHeldScript } from './plan-scripts.ts'
import { RedisCatalog } from './redis-catalog.ts'
import { RedisClaims } from './redis-claims.ts'
import { RedisEvents } from './redis-events.ts'
import { RedisHeld } from './redis-held.ts'
import { RedisHistories } from './redis-histories.ts'
import { RedisPeople } from './redis-people.ts'
import { RedisPresence } from './redis-presence.ts'
import { RedisSecret } from './redis-secret.ts'
import { RedisSightings } from './redis-sightings.ts'
import { RedisTallies } from './redis-tallies.ts'
import { RedisVault } from './redis-vault.ts'
import { swapScript } from './swap-script.ts'
import { tallyScript } from './tally-script.ts'
import { dueInScript } from './wheel.ts'
import { Writer } from './writer.ts'

export interface RedisStoreOptions {
  clock: Clock
  /** Where the root secret is remembered, in case Redis forgets it. */
  dataDir: string
  /** Default LIMITS.logEntriesMax. */
  logEntriesMax?: number
  /** Default LIMITS.queueEventsMax of the store. */
  queueEventsMax?: number
  /** Default LIMITS.recallDeadlineMs. */
  recallDeadlineMs?: number
}

export interface RedisStore extends Store {
  /** Recalls that Redis has not answered, and the breaker before it: the bounds that tests hold it to. */
  vitals(): { recallsInFlight: number; breaker: BreakerState }
}

/**
 * Opens the store behind `redis://[[user]:password@]host:port/db` (`rediss:` with TLS; a new world of
 * more than some million people wants `?buckets=<power of two>`, some tens of people each). A Redis
 * that is away is no error: every verb is refused at once until it comes, and `findings` say so.
 * Rejects only where the URL makes no sense.
 */
export async function openRedisStore(url: string, options: RedisStoreOptions): Promise<RedisStore> {
  const bucketsAsked = bucketsIn(url)
  const clients = {
    writing: connectRedis(url, 'writer', [
      fetchScript,
      swapScript,
      catalogWriteScript,
      listpackScript,
      tallyScript,
      learnScript,
      seenScript,
      dueInScript,
      ackEventsScript,
      appendEventsScript,
      readEventsScript,
      replayEventsScript,
      noteCountedScript,
      noteSightingsScript,
      holdMessagesScript,
      sweepHeldScript,
    ]),
    following: connectRedis(url, 'follower', [catalogChangesScript, logTrimScript]),
    looking: connectRedis(url, 'lookup', [fetchScript]),
    waiting: connectRedis(url, 'bell', []),
  }
  const greeter = new Greeter(clients.writing, bucketsAsked)
  const connectBell = () => connectRedis(url, 'bell', [])
  const store = storeOver(clients, greeter, { ...options, connectBell })
  await firstMeeting(clients)
  return store
}

function storeOver(
  { writing, following, looking, waiting }: Clients,
  greeter: Greeter,
  {
    clock,
    dataDir,
    recallDeadlineMs,
    connectBell,
    ...options
  }: RedisStoreOptions & { connectBell: () => RedisClient },
): RedisStore {
  const writer = new Writer(writing, {
    layout: () => (greeter.greeted ? greeter.layout : undefined),
    logEntriesMax: options.logEntriesMax ?? LIMITS.logEntriesMax,
  })
  const lookup = new Lookup(looking, {
    clock,
    layout: () => greeter.layout,
    deadlineMs: recallDeadlineMs,
  })
  const bell = new LogBell(waiting, clock)
  const follower = new ChangeFollower(following, bell, clock)
  const max = options.queueEventsMax ?? STORE_LIMITS.queueEventsMax
  const events = new RedisEvents(writer, { max, clock, connectBell })
  const secret = new RedisSecret(writer, dataDir)
  const reached = () =>
    greeter.greeted && looking.status === 'ready' && lookup.breaker.state === 'closed'

  return {
    kind: 'redis',
    people: new RedisPeople({ lookup, writer, follower, clock }),
    histories: new RedisHistories(writer, { clock, daysAtIds: () => events.daysAtIds }),
    events,
    sightings: new RedisSightings(writer, clock),
    held: new RedisHeld(writer, clock),
    catalog: new RedisCatalog({ reader: following, writer, bell }),
    tallies: new RedisTallies({ reader: following, writer, clock }),
    presence: new RedisPresence(following),
    claims: new RedisClaims(writer, clock),
    vault: new RedisVault(writer),
    rootSecret: () => secret.read(),
    findings: () => [...greeter.findings, ...secret.findings, ...unreachable(reached())],
    vitals: () => ({ recallsInFlight: lookup.inFlight, breaker: lookup.breaker.state }),
    close: async () => {
      greeter.close()
      events.close()
      for (const client of [writing, following, looking, waiting]) client.disconnect()
    },
  }
}

interface Clients {
  writing: RedisClient
  following: RedisClient
  looking: RedisClient
  /** Where the change logs are waited for. Nothing depends on it: without it they are asked. */
  waiting: RedisClient
}

function bucketsIn(url: string): number | undefined {
  const text = new URL(url).searchParams.get('buckets')
  if (text === null) return undefined
  if (validBuckets(Number(text))) return Number(text)
  const { partitions, bucketsMax } = LIMITS
  throw new Error(
    `?buckets= must be a power of two from ${partitions} to ${bucketsMax}, not ${text}`,
  )
}

/** Resolves when Redis was met by all clients, or one could not reach it, or it takes too long. */
function firstMeeting({ writing, following, looking }: Clients): Promise<void> {
  return new Promise((resolve) => {
    let missing = 3
    const met = () => --missing === 0 && settle()
    const timer = setTimeout(settle, LIMITS.openWaitMs)
    writing.once('greeted', met)
    following.once('ready', met)
    looking.once('ready', met)
    writing.once('close', settle)
    function settle(): void {
      clearTimeout(timer)
      resolve()
    }
  })
}

function unreachable(reached: boolean): StoreFinding[] {
  return reached ? [] : [storeFinding('unreachable')]
}
