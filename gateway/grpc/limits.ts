/** Bounds of the gRPC door, beside those of its connections (gateway/http2/limits.ts). */
export const GRPC_LIMITS = {
  /** A request message; a longer one is answered RESOURCE_EXHAUSTED: as BID_LIMITS.artfBytesMax. */
  messageBytesMax: 264 * 1024,
  /** How often watchers of the health service are told of a change. */
  healthMs: 500,
  /** Watchers of the health service at once, per process; more are answered RESOURCE_EXHAUSTED. */
  watchersMax: 100,
} as const
