/** What an owner's rules may use of what is not its own, as of one moment; fixed by the exchange, which knows contracts. */
export interface Licences {
  /** Two with the same answer the same. */
  key: string
  /** First moment at which they may answer otherwise. */
  untilMs: number
  /** Number of a segment of somebody else's, and the first moment at which it may no longer be used; undefined: it may not. */
  segment(id: string): { number: number; untilMs: number } | undefined
  source(id: string): SourceLicence
}

/** Whether what a source collects may be used: `dormant` not now, `over` never again. */
export type SourceLicence =
  | { state: 'own' | 'dormant' | 'over' }
  | { state: 'live'; untilMs: number }
