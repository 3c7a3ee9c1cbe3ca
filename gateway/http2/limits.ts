/** Bounds of a connection of HTTP/2: what a peer may make us hold, read or write. */
export const HTTP2_LIMITS = {
  /** A frame's payload (SETTINGS_MAX_FRAME_SIZE, the default of RFC 9113 §6.5.2); a longer one ends its connection. */
  frameBytesMax: 16_384,
  /** Streams open on one connection; more are refused (REFUSED_STREAM) and may be asked again. */
  streamsMax: 1_000,
  /** A head as it is sent, over all its frames (CVE-2024-27316); a longer one ends its connection. */
  headBlockBytesMax: 16 * 1024,
  /** CONTINUATION frames after one HEADERS; more end the connection. */
  continuationsMax: 16,
  /**
   * Names and values of a head, 32 bytes for each pair beside (SETTINGS_MAX_HEADER_LIST_SIZE); more: its stream is reset.
   * A few bytes of a block may stand for many of these, so it is counted while decoding.
   */
  headBytesMax: 16 * 1024,
  /** Names in a head; more: its stream is reset. */
  headersMax: 64,
  /** The table a peer's encoder may fill, by the count of RFC 7541 §4.1 (the default, and so what we have to bear). */
  tableBytesMax: 4_096,
  /** What a peer may send on one stream: a whole message of gRPC with its prefix, so that it never waits for our leave. */
  streamWindowBytes: 272 * 1024,
  /**
   * What a peer may send on a connection ahead of bodies that are whole. These bytes are held: leave to send more is
   * given once a body is handed over, or its stream is gone.
   */
  connectionWindowBytes: 16 * 1024 * 1024,
  /** Leave to send more is given in steps of this: one frame for many bodies. */
  windowStepBytes: 1024 * 1024,
  /** Answers that wait for their client's windows, or for its socket; more ends the connection. */
  waitingBytesMax: 4 * 1024 * 1024,
  /** Bytes a socket did not take yet at which no more is read from it. */
  socketBytesMax: 256 * 1024,
  /**
   * Frames that ask for nothing, of a peer that gets no answers: PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE, streams
   * reset before they are answered (CVE-2023-44487) or by an error. Each second gives `nuisancesPerS` back, each answer
   * `nuisancesPerAnswer`: cancelling what is late, and windows that are opened answer by answer, are honest. Beyond: the connection
   * ends (ENHANCE_YOUR_CALM).
   */
  nuisancesMax: 1_000,
  nuisancesPerS: 200,
  nuisancesPerAnswer: 4,
  /** Streams we reset of which frames may still come; these are passed over, others are told STREAM_CLOSED. */
  resetsKept: 128,
  /** From the connection's beginning to the client's preface, and to its acknowledgement of our settings; TLS alike. */
  startMsMax: 10_000,
  /** A connection on which nothing came for this long is closed. */
  idleMsMax: 300_000,
  /** A connection whose answers are not taken for this long ends. */
  stallMsMax: 30_000,
  /** How often the three above are looked at. */
  sweepMs: 1_000,
  /** Where frames are put together for one write; as many are kept for the next as were in use at once, up to `scratchesKept`. */
  scratchBytes: 64 * 1024,
  scratchesKept: 16,
} as const
