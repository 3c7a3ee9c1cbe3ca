import type { Auction } from './auction.ts'
import { LIMITS } from './limits.ts'
import type { Said } from './page-consent.ts'

export interface AskOptions {
  key: string
  waitMs: number
  said: Said
}

/** What is asked of an auction's visitor, as text. */
export function pageAsk({ ortb2Fragments }: Auction, { key, waitMs, said }: AskOptions): string {
  const { user, device, regs } = ortb2Fragments.global ?? {}
  const more = { country: device?.geo?.country, dsa: regs?.ext?.dsa }
  const ask = { key, tmax: waitMs, ...more, ...said }
  const eids = [...(user?.eids ?? []), ...(user?.ext?.eids ?? [])].map(bare)
  const whole = JSON.stringify({ ...ask, eids })
  return whole.length > LIMITS.askCharsMax ? JSON.stringify(ask) : whole
}

/** Without what only bidders need. */
function bare({ source, inserter, uids }: Eid): Eid {
  return { source, inserter, uids: (uids ?? []).map(({ id }) => ({ id })) }
}

export interface Eid {
  source?: string | undefined
  inserter?: string | undefined
  uids?: { id?: string | undefined }[] | undefined
}
