import type { Auction } from './auction.ts'
import { LIMITS } from './limits.ts'
import { type Consent, saidBy } from './page-consent.ts'

export interface AskOptions {
  key: string
  waitMs: number
  consent: Consent
}

/** What is asked of an auction's visitor, as text. */
export function pageAsk({ ortb2Fragments }: Auction, { key, waitMs, consent }: AskOptions): string {
  const { user, device, regs } = ortb2Fragments.global ?? {}
  const { lmt, dnt, geo } = device ?? {}
  const said = { country: geo?.country, lmt, dnt, dsa: regs?.ext?.dsa, ...saidBy(consent) }
  const ask = { key, tmax: waitMs, ...said }
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
