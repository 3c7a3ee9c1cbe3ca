import type { Actor } from '../../exchange/desk/desk.ts'

/** Whoever sent a request, once the token was checked. */
export interface Caller {
  /** What desk verbs decide by. */
  actor: Actor
  /** As the audit log names it: `operator`, or `partner <id> key <key id>`. */
  name: string
  /** What the partner's key is for; operators may do whatever their role allows. */
  scopes: ReadonlySet<string>
  /** Number of the partner on whose side matches are kept; 0 is the exchange. */
  partnerNumber: number
}

const NO_SCOPES: ReadonlySet<string> = new Set()

export const OPERATOR: Caller = {
  actor: { operator: true },
  name: 'operator',
  scopes: NO_SCOPES,
  partnerNumber: 0,
}

/** On routes that ask for no token: sees and may do nothing. */
export const NOBODY: Caller = {
  actor: { operator: false },
  name: 'nobody',
  scopes: NO_SCOPES,
  partnerNumber: 0,
}
