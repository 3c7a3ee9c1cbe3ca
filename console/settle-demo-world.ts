import type { Audience } from '../audience/audience.ts'
import { NAMESPACE_KIND, type Namespace } from '../audience/namespace.ts'
import { SEGMENT_KIND, type Segment } from '../audience/segment.ts'
import { type DemoMembership, revokeDemoKeys, seedDemoWorld } from '../exchange/demo-world.ts'
import type { Exchange } from '../exchange/exchange.ts'

export interface SettleOptions {
  audience: Audience
  exchange: Exchange
  log: { warn(details: object, message: string): void; info(message: string): void }
  isDemo: boolean
  /** Called once no key of the demo world is left. */
  onEnded: () => void
}

/** Every process reads the catalog within 50 ms: once the desk is ready, the demo's request is answered. */
const SEEN_MS = 150
/** While the store is out of reach. */
const RETRY_MS = 2_000

/**
 * Makes the demo world stand, or its keys fall: before the desk is ready where the store answers, and as
 * soon as it does where it is out of reach. Returns what ends the trying.
 */
export async function settleDemoWorld(options: SettleOptions): Promise<() => void> {
  let timer: NodeJS.Timeout | undefined
  const attempt = async (): Promise<void> => {
    try {
      await settle(options)
    } catch (error) {
      options.log.warn({ error: String(error) }, 'the demo world is not settled yet; trying on')
      timer = setTimeout(attempt, RETRY_MS)
    }
  }
  await attempt()
  return () => clearTimeout(timer)
}

async function settle({ audience, exchange, log, ...how }: SettleOptions): Promise<void> {
  if (how.isDemo) {
    await seedDemoWorld(exchange.deskDeps, (people) => assign(audience, people))
    await new Promise((resolve) => setTimeout(resolve, SEEN_MS))
    return
  }
  if (await revokeDemoKeys(exchange.deskDeps)) log.info('the keys of the demo world are revoked')
  how.onEnded()
}

async function assign(audience: Audience, people: readonly DemoMembership[]): Promise<void> {
  await audience.feed.poke()
  const snapshot = audience.feed.current()
  const recordOf = (kind: string, id: string) => snapshot?.kind(kind).get(id)?.value
  const faults = await audience.assign(
    people.map(({ source, uid, add, ttlDays }) => ({
      namespace: (recordOf(NAMESPACE_KIND, source) as Namespace).number,
      value: uid,
      add: add.map((id) => ({ segment: (recordOf(SEGMENT_KIND, id) as Segment).number, ttlDays })),
      remove: [],
    })),
  )
  if (faults.length) throw new Error(`the demo world's own people were refused: ${faults[0]!.says}`)
}
