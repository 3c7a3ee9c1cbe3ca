import { EVENT_LIMITS } from '../../audience/events/limits.ts'

const { batchMessagesMax, messageBytesMax } = EVENT_LIMITS

/** Why a request of a sender of events was refused: the word stands in `x-passerelle-reason` and in the body. */
export const CollectRefusals = {
  starting: { status: 503, says: 'This server is starting; try again in a moment.' },
  store_away: { status: 503, says: 'The store is out of reach; nothing was kept, try again.' },
  queue_full: {
    status: 429,
    says: 'Too many events wait to be processed; nothing was kept, try again.',
  },
  unknown_write_key: {
    status: 401,
    says: 'The write key is missing or unknown: it goes into Basic authorization, or the field writeKey.',
  },
  unknown_coding: { status: 415, says: 'The content coding is not known here: use gzip, or none.' },
  bad_gzip: { status: 400, says: 'The body could not be inflated.' },
  not_utf8: { status: 400, says: 'The body is not UTF-8.' },
  not_json: { status: 400, says: 'The body is no JSON.' },
  not_object: { status: 400, says: 'The body must be a JSON object.' },
  no_batch: { status: 400, says: 'The field batch must be a list of messages.' },
  too_many_messages: { status: 413, says: `A request has at most ${batchMessagesMax} messages.` },
  too_large: { status: 413, says: 'The body is too long, maybe only after inflating.' },
  message_too_large: { status: 413, says: `A message has at most ${messageBytesMax} bytes.` },
  personal_in_url: {
    status: 400,
    says: 'A value in the address looks like an e-mail address or a telephone number, and addresses are kept in many logs: send it in a body.',
  },
  bad_message: { status: 400, says: 'The message cannot be kept' },
} as const satisfies Record<string, { status: number; says: string }>
export type CollectRefusal = keyof typeof CollectRefusals

/** Thrown by what reads a request; the endpoint answers with it. */
export class CollectRefused extends Error {
  readonly reason: CollectRefusal

  /** `detail` is put behind the sentence. */
  constructor(reason: CollectRefusal, detail = '') {
    super(CollectRefusals[reason].says + detail)
    this.reason = reason
  }
}
