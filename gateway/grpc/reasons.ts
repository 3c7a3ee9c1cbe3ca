/** Why the gRPC door itself turned a call away: the status of gRPC, and a sentence for `grpc-message`. */
export const GrpcRefusals = {
  no_message: { code: 13, says: 'The call ended before its message was whole.' },
  too_many_messages: { code: 12, says: 'A unary call has one message.' },
  too_large: { code: 8, says: 'The message is longer than 264 KiB, maybe only after inflating.' },
  unknown_encoding: {
    code: 12,
    says: 'The message is compressed by something else than gzip or deflate.',
  },
  no_encoding: { code: 13, says: 'The message says it is compressed, but not how.' },
  not_inflatable: { code: 13, says: 'The message says it is compressed, and is not.' },
  unknown_method: { code: 12, says: 'There is no such method here.' },
  unknown_service: { code: 5, says: 'There is no such service here.' },
  too_many_watchers: { code: 8, says: 'As many as may watch are watching already.' },
  leaving: { code: 14, says: 'This process ends; ask again.' },
  slow_body: { code: 4, says: 'The message did not arrive in time.' },
  failed: { code: 13, says: 'The handler failed or did not answer in time.' },
} as const
export type GrpcRefusal = keyof typeof GrpcRefusals
