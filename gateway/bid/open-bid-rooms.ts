import type { Metrics } from '../metrics/counters.ts'
import { BidMetrics } from './bid-metrics.ts'
import type { BidRooms } from './bid-rooms.ts'
import { Overload } from './overload.ts'

export type BidRoomsOptions = Omit<BidRooms, 'overload' | 'metrics'> & { metrics: Metrics }

/** What every wire of one process works with, and what ends it. */
export function openBidRooms(options: BidRoomsOptions): { rooms: BidRooms; close(): void } {
  const overload = new Overload(options.clock)
  const metrics = new BidMetrics(options.metrics, options.clock)
  return { rooms: { ...options, overload, metrics }, close: () => overload.close() }
}
