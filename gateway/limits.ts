/** Bounds of the doors: what a client may send, and how long anyone waits. */
export interface DoorLimits {
  /** Header lines of a request; more: closed without an answer. */
  headersMax: number
  /** Bytes of names, values and query together; more: closed without an answer. */
  headerBytesMax: number
  /**
   * A body declared too long is read and thrown away up to this size, so that its sender sees the 413
   * instead of a reset; a longer one is answered at once and cut.
   */
  discardBytesMax: number
  /** From the head's arrival to the end of a whole body; between two chunks of a streamed one. */
  slowBodyMsMax: number
  /** From the head's arrival to the answer; the bid path has its own, far shorter deadline. */
  answerMsMax: number
  /** How often late bodies and answers are looked for. */
  sweepMs: number
  /** A draining door ends when nothing was asked for this long. */
  drainQuietMs: number
  /** Head of a request, node:http only (uWebSockets.js has 10 s of its own). */
  slowHeadMsMax: number
  /** An idle kept-alive connection, node:http only; above the idle time of load balancers (60 s on most). */
  keepAliveMsMax: number
  /** Open connections, node:http only; more are closed as they come. */
  connectionsMax: number
}

export const DOOR_LIMITS: DoorLimits = {
  headersMax: 64,
  headerBytesMax: 8 * 1024,
  discardBytesMax: 1024 * 1024,
  slowBodyMsMax: 5_000,
  answerMsMax: 30_000,
  sweepMs: 250,
  drainQuietMs: 1_000,
  slowHeadMsMax: 2_000,
  keepAliveMsMax: 65_000,
  connectionsMax: 10_000,
}

/** Browsers bring long consent strings and cookies: `headerBytesMax` of the edge and console doors. */
export const BROWSER_HEADER_BYTES_MAX = 16 * 1024
