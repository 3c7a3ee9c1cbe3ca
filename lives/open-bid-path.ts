import { systemClock as clock } from '../audience/clock.ts'
import { type Config, egressDir, ledgerDir } from '../config.ts'
import { EgressMeter } from '../exchange/egress/egress-meter.ts'
import { EgressSpool } from '../exchange/egress/egress-spool.ts'
import { CountedWatch } from '../exchange/ledger/counted-watch.ts'
import { Usage } from '../exchange/usage/usage.ts'
import { untilDemoEnded } from '../gateway/supervisor/demo-setting.ts'
import { openCounts } from './open-counts.ts'
import { openGvl } from './open-gvl.ts'
import type { Process } from './open-process.ts'
import { openRooms } from './open-rooms.ts'

/** Rooms and accounts of the bid path. */
export async function openBidPath(me: Process, config: Config) {
  const { audience, exchange, ledger, finders } = await openRooms({ ...me, config })
  const { metrics, closeFirst } = me
  if (config.demo === 'off') {
    await untilDemoEnded(config.dataDir, clock)
    await audience.poke()
  }
  const deriveKey = audience.deriveKey.bind(audience)
  const counted = new CountedWatch({ dir: ledgerDir(config), ledger, clock })
  closeFirst(() => counted.close())
  finders.push(counted)
  const usage = new Usage({ ledger, clock, deriveKey, counted })
  closeFirst(() => usage.close())
  const spool = await EgressSpool.open(egressDir(config), me.name, clock)
  const egress = new EgressMeter(spool, clock)
  closeFirst(() => egress.close())
  const counts = openCounts(me, { audience, config })
  const { gvlId: ownGvlId, domain } = config
  const gvl = await openGvl(config)
  const rooms = { audience, exchange, usage, egress, ...counts }
  return { ...rooms, metrics, clock, gvl, ownGvlId, domain }
}
