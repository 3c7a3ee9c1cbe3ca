/** Content type of matches in bulk (proto/bulk-matches.proto). */
export const BULK_TYPE = 'application/octet-stream'
