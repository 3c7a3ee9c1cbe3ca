/** Bounds of the gRPC door. */
export const GRPC_LIMITS = {
  /** A request message; a longer one is answered RESOURCE_EXHAUSTED: as BID_LIMITS.artfBytesMax. */
  messageBytesMax: 264 * 1024,
  /** Calls under way on one connection; more wait with their client. */
  streamsMax: 1_000,
  /** Names and values of a call's head together; more: its stream is reset. */
  headBytesMax: 16 * 1024,
  /** Memory of the protocol for one connection; what would need more is refused with ENHANCE_YOUR_CALM. */
  connectionMibMax: 16,
  /** A connection on which nothing came or went for this long is closed. */
  idleMsMax: 300_000,
  /** How often watchers of the health service are told of a change. */
  healthMs: 500,
  /** Watchers of the health service at once, per process; more are answered RESOURCE_EXHAUSTED. */
  watchersMax: 100,
} as const
