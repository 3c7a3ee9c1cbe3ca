/** Types of frames (RFC 9113 §6). */
export const FrameType = {
  ...{ data: 0, headers: 1, priority: 2, rstStream: 3, settings: 4 },
  ...{ pushPromise: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 },
} as const

/** Flags of frames (RFC 9113 §6); what a bit means depends on the type. */
export const Flag = {
  ...{ ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 },
} as const

/** Names of settings (RFC 9113 §6.5.2) that are read or sent. */
export const Setting = {
  ...{ headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4 },
  ...{ maxFrameSize: 5, maxHeaderListSize: 6 },
} as const

/** RFC 9113 §7 */
export const ErrorCode = {
  ...{ noError: 0, protocolError: 1, internalError: 2, flowControlError: 3, settingsTimeout: 4 },
  ...{ streamClosed: 5, frameSizeError: 6, refusedStream: 7, cancel: 8, compressionError: 9 },
  ...{ enhanceYourCalm: 11 },
} as const

export const FRAME_HEAD_BYTES = 9
/** RFC 9113 §6.9.1 */
export const WINDOW_MAX = 2 ** 31 - 1
/** Before any setting is known (RFC 9113 §6.5.2, §6.9.2). */
export const WINDOW_DEFAULT = 65_535
export const TABLE_BYTES_DEFAULT = 4_096
export const STREAM_ID_MAX = 2 ** 31 - 1

/** A frame as it was received. One object serves all frames of a connection: it is valid only while it is handled. */
export interface Frame {
  type: number
  flags: number
  /** 0 for the connection itself. */
  streamId: number
  /** Where the payload is. */
  bytes: Buffer
  start: number
  stop: number
}

/** `count` numbers of four bytes each, the highest byte first. */
export function uint32s(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * numbers.length)
  for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * i)
  return bytes
}
