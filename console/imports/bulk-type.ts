import type { Call } from '../api/route.ts'

/** Content type of matches in bulk (proto/bulk-matches.proto). */
export const BULK_TYPE = 'application/octet-stream'

export function isBulk({ headers }: Pick<Call, 'headers'>): boolean {
  return /^application\/(octet-stream|x-protobuf|protobuf)\b/i.test(headers.contentType)
}
