import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Audience, openAudience } from '../audience/audience.ts'
import { everyBeat } from '../audience/beat.ts'
import { systemClock as clock } from '../audience/clock.ts'
import { openReach, type Reach } from '../audience/reach/reach.ts'
import { announcePresence } from '../audience/store/announce-presence.ts'
import { openStore } from '../audience/store/open-store.ts'
import type { ProcessName } from '../audience/store/store.ts'
import { withSecret } from '../audience/store/with-secret.ts'
import { type Config, ledgerDir } from '../config.ts'
import { BID_CHANNEL } from '../exchange/egress/channels.ts'
import { type Exchange, openExchange } from '../exchange/exchange.ts'
import { forBids } from '../exchange/for-bids.ts'
import { type Ledger, openLedger } from '../exchange/ledger/open-ledger.ts'
import { watchAudience, watchLedger, watchReach } from '../gateway/metrics/room-metrics.ts'
import type { Finding } from '../gateway/supervisor/instance.ts'
import { SUPERVISOR_LIMITS } from '../gateway/supervisor/limits.ts'
import type { Process } from './open-process.ts'

/** What every process works with. */
export interface Rooms {
  audience: Audience
  exchange: Exchange
  ledger: Ledger
  /** At the desk only: it holds a number for everybody. */
  reach: Reach | undefined
  /** Whoever has something to say that makes the instance `degraded`. */
  finders: { findings(): Finding[] }[]
}

/** Opens them, and has the instance told how they are. */
export async function openRooms(
  options: Process & { config: Config; isDesk?: boolean },
): Promise<Rooms> {
  const { config, name, log, metrics, instance, closeFirst, isDesk = false } = options
  const { dataDir, secret } = config
  const store = withSecret(await openStore(config.store, { clock, dataDir }), secret)
  closeFirst(() => store.close())
  const snapshotFile = join(dataDir, 'catalog.json')
  const audience = await openAudience({
    store,
    clock,
    log,
    snapshotFile,
    writeSnapshot: isDesk,
    ...(isDesk ? {} : { keepRecord: forBids }),
    ...(name.startsWith('bid') ? {} : { vault: config.vault }),
    ...(config.nearCacheRows === undefined ? {} : { nearCacheMax: config.nearCacheRows }),
  })
  closeFirst(() => audience.close())
  const { feed, vault } = audience
  const reach = isDesk
    ? openReach({ people: store.people, clock, bidChannel: BID_CHANNEL })
    : undefined
  if (reach) closeFirst(() => reach.close())
  const exchange = await openExchange({
    feed,
    catalogStore: store.catalog,
    ...(reach ? { reach, vault } : { vault }),
    clock,
    log,
    lazy: isDesk,
  })
  closeFirst(() => exchange.close())
  // The desk compiles when it must, and enriches nobody: what it has is what it serves.
  const served = () => (isDesk ? feed.current() : exchange.catalog())?.version
  const presence = announcePresence({ store: store.presence, who: whoIs(options.name), served })
  closeFirst(() => presence.close())
  closeFirst(feed.onChange(() => presence.announce()))
  const ledger = await openLedger({ dir: ledgerDir(config), process: name, clock, log })
  closeFirst(() => ledger.close())
  watchAudience(metrics, audience)
  if (reach) watchReach(metrics, reach)
  watchLedger(metrics, ledger)
  const finders: Rooms['finders'] = [audience, ledger, ...(reach ? [reach] : [])]
  const tell = () =>
    instance.report({
      hasCatalog: feed.current() !== undefined,
      findings: finders.flatMap((one) => one.findings()),
    })
  closeFirst(everyBeat(SUPERVISOR_LIMITS.reportMs, tell))
  tell()
  return { audience, exchange, ledger, reach, finders }
}

/** As others on the same store see this process; the supervisor gives the instance its name. */
function whoIs(name: string): ProcessName {
  return { instance: process.env['PASSERELLE_INSTANCE'] ?? hostname(), process: name }
}
