import { checker, type Static, Type } from '../schema.ts'
import { POSITIONS } from './key-space.ts'

const Count = Type.Integer({ minimum: 0 })

const JobSchema = Type.Object(
  {
    /** Of the rule it fills the segment by; '' takes out whom a rule that is no more had put in. */
    signature: Type.String(),
    /** Number of the partner whose people are asked. */
    owner: Type.Integer(),
    state: Type.Enum(['running', 'paused', 'done', 'failed']),
    /** Why it failed: a sentence. */
    reason: Type.Optional(Type.String()),
    /** Position from which on people are still to be asked, and over how many positions, round the end. */
    at: Count,
    left: Count,
    /** People asked, and of those how many are in the segment. */
    asked: Count,
    matched: Count,
    startedAtMs: Count,
    endedAtMs: Type.Optional(Count),
  },
  { additionalProperties: false },
)

/** The filling of one segment from what is stored, as it is kept. */
export type BackfillJob = Static<typeof JobSchema>

const check = checker(JobSchema)

export function packJob(job: BackfillJob): Uint8Array {
  return Buffer.from(JSON.stringify(job))
}

/** Undefined for what is no job: it is then begun anew. */
export function unpackJob(bytes: Uint8Array): BackfillJob | undefined {
  try {
    const job: unknown = JSON.parse(Buffer.from(bytes).toString())
    return check(job).length === 0 ? (job as BackfillJob) : undefined
  } catch {
    return undefined
  }
}

/** A job over everybody, from a position on and round to it again. */
export function beginJob(
  { signature, owner }: Pick<BackfillJob, 'signature' | 'owner'>,
  { at, nowMs }: { at: number; nowMs: number },
): BackfillJob {
  return {
    ...{ signature, owner, state: 'running' },
    ...{ at, left: POSITIONS, asked: 0, matched: 0, startedAtMs: nowMs },
  }
}

/** Whether a position is among those that the step to `end` takes a job over. */
export function isAsked({ at, left }: BackfillJob, position: number, end: number): boolean {
  return position >= at && position < Math.min(end, at + left)
}

/** Takes a job on to the end of a step that covered its position. */
export function advance(job: BackfillJob, end: number, nowMs: number): void {
  job.left = Math.max(0, job.left - (end - job.at))
  job.at = end % POSITIONS
  if (job.left > 0) return
  job.state = 'done'
  job.endedAtMs = nowMs
}

/** How much of everybody was asked: 0 to 1. */
export function shareOf({ left }: BackfillJob): number {
  return 1 - left / POSITIONS
}
