import {
  type Frame,
  Setting,
  TABLE_BYTES_DEFAULT,
  uint32s,
  WINDOW_DEFAULT,
  WINDOW_MAX,
} from './frames.ts'
import { HTTP2_LIMITS } from './limits.ts'
import { Http2Error } from './reasons.ts'

const ENTRY_BYTES = 6
const [FRAME_BYTES_LEAST, FRAME_BYTES_MOST] = [2 ** 14, 2 ** 24 - 1]

/** What we say of ourselves (RFC 9113 §6.5.2); the table and the length of frames are as by default. */
export const OUR_SETTINGS = Buffer.concat([
  entry(Setting.maxConcurrentStreams, HTTP2_LIMITS.streamsMax),
  entry(Setting.initialWindowSize, HTTP2_LIMITS.streamWindowBytes),
  entry(Setting.maxHeaderListSize, HTTP2_LIMITS.headBytesMax),
])

/** The leave a connection begins with, beside what every connection has. */
export const OUR_WINDOW = uint32s(HTTP2_LIMITS.connectionWindowBytes - WINDOW_DEFAULT)

/** What a peer's SETTINGS ask for; undefined where they say nothing of it. */
export interface PeerSettings {
  /** Of its streams. */
  windowBytes?: number
  /** Its table is to be smaller than it was when the connection began: our encoder has to say that it knows. */
  hasLessTable: boolean
}

/** We push nothing, and our frames are as short as any peer has to take: nothing else matters, but wrong values end the connection. */
export function readSettings({ bytes, start, stop }: Frame): PeerSettings {
  if ((stop - start) % ENTRY_BYTES !== 0) throw new Http2Error('frame_length')
  const said: PeerSettings = { hasLessTable: false }
  for (let at = start; at < stop; at += ENTRY_BYTES) {
    const value = bytes.readUInt32BE(at + 2)
    switch (bytes.readUInt16BE(at)) {
      case Setting.headerTableSize:
        if (value < TABLE_BYTES_DEFAULT) said.hasLessTable = true
        break
      case Setting.enablePush:
        if (value > 1) throw new Http2Error('setting')
        break
      case Setting.maxFrameSize:
        if (value < FRAME_BYTES_LEAST || value > FRAME_BYTES_MOST) throw new Http2Error('setting')
        break
      case Setting.initialWindowSize:
        if (value > WINDOW_MAX) throw new Http2Error('window_setting')
        said.windowBytes = value
        break
    }
  }
  return said
}

function entry(name: number, value: number): Buffer {
  return Buffer.from([0, name, ...uint32s(value)])
}
