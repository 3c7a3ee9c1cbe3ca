/**
 * One write, as the audit log keeps it: who did what to which object, and its catalog versions. Never
 * a key, a token, or an id of a person.
 */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  at: string
  /** `operator`, or `partner <id> key <key id>`. */
  actor: string
  /** E.g. `putPartner`: the operation of the API. */
  verb: string
  /** E.g. `partner/acme`. */
  object: string
  /** Version of the object before and after; null where there was none, or is none any more. */
  before: number | null
  after: number | null
  /** Counts and words, e.g. of an import. */
  details?: Readonly<Record<string, string | number | boolean>>
}
