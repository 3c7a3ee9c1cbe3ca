import type { KeyHolder } from '../../exchange/compile-keys.ts'
import { TokenMint } from '../../exchange/usage/token-mint.ts'
import { TOKEN_KEY_BYTES, TOKEN_KEY_LABEL, TokenKeys } from '../../exchange/usage/token-seal.ts'
import type { Answer, Ask } from '../http/door.ts'
import { Bid } from './bid.ts'
import type { BidRooms } from './bid-rooms.ts'
import { choose } from './choose.ts'
import { ENRICH_JSON } from './enrich-wire.ts'
import { identifyPerson } from './identify-person.ts'
import { permit } from './permit.ts'
import { planAdditions } from './plan-additions.ts'
import type { BidRefusal } from './reasons.ts'
import { recallPerson } from './recall-person.ts'
import { scan } from './scan.ts'

/** What counts what is given, and what happens. */
type Counting = 'usage' | 'egress' | 'matchCounts' | 'overload' | 'metrics'

export type RehearsalRooms = Omit<BidRooms, Counting>

export interface Rehearsal {
  /** The buyer, and the exchange (number; 0 unknown) the request comes from. */
  holder: KeyHolder
  exchange: number
  /** The request as it would be sent. */
  bytes: Uint8Array
}

/**
 * Takes a request through its life as far as what would be added to it: the very steps of `handle-bid`, without
 * a door, and with all the time the store needs. Nothing is answered, counted or sealed. The word of its
 * refusal where it would be turned away.
 */
export async function rehearseBid(
  rooms: RehearsalRooms,
  { holder, exchange, bytes }: Rehearsal,
): Promise<Bid | BidRefusal> {
  const bid = new Bid({ ...rooms, ...nothingCounted(rooms) }, ENRICH_JSON)
  bid.begin(askOf(rooms, bytes), NO_ANSWER)
  bid.holder = holder
  bid.exchange = exchange
  const refusal = scan(bid)
  if (refusal !== undefined) return refusal
  bid.atMs = rooms.clock.now()
  permit(bid)
  identifyPerson(bid)
  await recallPerson(bid)
  bid.atMs = rooms.clock.now()
  choose(bid)
  planAdditions(bid)
  return bid
}

/** Tokens are described as they would be, and never sealed. */
function nothingCounted({ audience }: RehearsalRooms): Pick<BidRooms, Counting> {
  const key = audience.deriveKey(TOKEN_KEY_LABEL, TOKEN_KEY_BYTES)
  const mint = key && new TokenMint(new TokenKeys(key))
  return {
    usage: { sharing: () => (mint ? 'all' : 'nothing'), mint: () => mint, meter: { count() {} } },
    egress: { isOpen: () => true, note() {} },
    matchCounts: { bid() {} },
    overload: { isBehind: false },
    metrics: { refused() {}, answered() {} },
  }
}

function askOf({ clock }: RehearsalRooms, body: Uint8Array): Ask {
  return {
    method: 'POST',
    path: '',
    query: '',
    headers: [],
    body,
    keepBody: () => body,
    arrivedMs: clock.elapsed(),
    remote: () => '',
  }
}

const NO_ANSWER: Answer = { done: true, send() {}, onAbort() {} }
