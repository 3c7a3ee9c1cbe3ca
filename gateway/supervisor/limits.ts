/** Bounds of the processes' life. */
export interface SupervisorLimits {
  /** First and last wait before a process that died is started again; doubles in between. */
  restartMsMin: number
  restartMsMax: number
  /** A process that lived this long starts over with the shortest wait. */
  steadyMs: number
  /** From SIGTERM until what is left is killed. */
  stopMsMax: number
  /** How long one process may take to answer with its metrics. */
  collectMsMax: number
  /** How often a process looks whether it has something new to say of itself. */
  reportMs: number
  /** How long the bid doors wait for the keys of an earlier demo world to be revoked. */
  demoEndMsMax: number
  /** A port that the last instance is just leaving is waited for. */
  portWaitMsMax: number
  /** By how much edge and desk stand back behind the bid processes, as `nice` counts: 5 is a third of their share. */
  yieldNice: number
  /** Each half of the desk's young generation: what is made of events is gone when they are, and is not to be collected again and again. */
  deskYoungMib: number
}

export const SUPERVISOR_LIMITS: SupervisorLimits = {
  restartMsMin: 100,
  restartMsMax: 5_000,
  steadyMs: 30_000,
  stopMsMax: 9_000,
  collectMsMax: 1_000,
  reportMs: 200,
  demoEndMsMax: 5_000,
  portWaitMsMax: 3_000,
  yieldNice: 5,
  deskYoungMib: 64,
}

/** How long a door answers what is under way once the instance stops. */
export const DRAIN_MS_MAX = 8_000
