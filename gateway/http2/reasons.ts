import { ErrorCode } from './frames.ts'

const { protocolError, frameSizeError, flowControlError, enhanceYourCalm } = ErrorCode

/** Why a stream or a whole connection was ended by us: the error code of RFC 9113 §7, and a sentence. GOAWAY carries the word. */
export const Http2Refusals = {
  bad_preface: { code: protocolError, says: 'What came is not HTTP/2 (RFC 9113 §3.4).' },
  no_settings: { code: protocolError, says: 'The first frame was none of SETTINGS.' },
  frame_too_long: { code: frameSizeError, says: 'A frame is longer than 16,384 bytes.' },
  frame_length: { code: frameSizeError, says: 'A frame has a length its type cannot have.' },
  wrong_stream: { code: protocolError, says: 'A frame came on a stream it cannot be on.' },
  padding: { code: protocolError, says: 'Padding is longer than its frame.' },
  head_cut: { code: protocolError, says: 'A head was interrupted by another frame.' },
  setting: { code: protocolError, says: 'A setting has a value it cannot have.' },
  window_setting: { code: flowControlError, says: 'A window is to be larger than 2^31 - 1.' },
  window_zero: { code: protocolError, says: 'A window was widened by nothing.' },
  window_beyond: { code: flowControlError, says: 'More was sent than the windows allow.' },
  stream_over: { code: ErrorCode.streamClosed, says: 'A frame came on a stream that is over.' },
  hpack: { code: ErrorCode.compressionError, says: 'A head cannot be decoded (RFC 7541).' },
  malformed: { code: protocolError, says: 'A head is none of a request (RFC 9113 §8.2, §8.3).' },
  body_length: { code: protocolError, says: 'The body is not as long as content-length says.' },
  push: { code: protocolError, says: 'Clients cannot push.' },
  head_too_large: { code: enhanceYourCalm, says: 'A head has more than 16 KiB or 64 names.' },
  too_many_streams: { code: ErrorCode.refusedStream, says: 'More than 1,000 streams at once.' },
  restless: { code: enhanceYourCalm, says: 'Many frames that ask for nothing.' },
  slow_reader: { code: enhanceYourCalm, says: 'Answers were not taken.' },
  slow_start: { code: ErrorCode.settingsTimeout, says: 'Preface or SETTINGS took too long.' },
  idle: { code: ErrorCode.noError, says: 'Nothing came for five minutes.' },
  failed: { code: ErrorCode.internalError, says: 'We failed; the log says how.' },
} as const
export type Http2Refusal = keyof typeof Http2Refusals

/** Ends a stream, or where there is none the connection. */
export class Http2Error extends Error {
  readonly refusal: Http2Refusal
  /** 0: the connection. */
  readonly streamId: number

  constructor(refusal: Http2Refusal, streamId = 0) {
    super(Http2Refusals[refusal].says)
    this.refusal = refusal
    this.streamId = streamId
  }

  get code(): number {
    return Http2Refusals[this.refusal].code
  }
}
