import type { DataGroup } from './buyer-view.ts'

/** The order of Data objects, the same in every process: by provider, own ids before taxonomies, then seats. */
export function dataOrder(a: DataGroup, b: DataGroup): number {
  return (
    a.provider.number - b.provider.number ||
    (a.segtax ?? -1) - (b.segtax ?? -1) ||
    (seatsText(a) < seatsText(b) ? -1 : 1)
  )
}

function seatsText({ seats }: DataGroup): string {
  return seats.length === 0 ? '' : JSON.stringify(seats)
}
