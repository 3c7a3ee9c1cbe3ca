export const STREAM_SUFFIX = '.ndjson'

const NAME = /^([a-z0-9-]{1,32})-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([0-9a-f]{12})$/

/** `bid-1-20261126T101530123Z-5be1c47a9d02`: who writes it, when it was opened, and a random number. */
export function streamName(process: string, atMs: number, random: string): string {
  const who = process.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  const when = new Date(atMs).toISOString().replace(/[-:.]/g, '')
  return `${who}-${when}-${random}`
}

/** When a stream was opened, by its name; undefined where that is no name of a stream. */
export function openedMs(stream: string): number | undefined {
  const parts = NAME.exec(stream)
  if (!parts) return undefined
  const [year, month, day, hour, minute, second, ms] = parts.slice(2, 9).map(Number)
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!, ms!)
}
