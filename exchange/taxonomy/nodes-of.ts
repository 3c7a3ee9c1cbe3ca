import type { SegmentBody } from '../../audience/segment.ts'
import { AUDIENCE_SEGTAX } from './category-taxonomies.ts'
import type { NodeName } from './taxonomy-record.ts'

/** Every node a segment says it stands for, its own and those of its label, with the field that says so. */
export function nodesOf({
  taxonomy,
  label,
}: Pick<SegmentBody, 'taxonomy' | 'label'>): { field: string; node: NodeName }[] {
  const labelled = (label?.nodes ?? []).map((text, i) => ({
    field: `label.nodes.${i}`,
    node: { segtax: AUDIENCE_SEGTAX, id: text.split('|')[0]! },
  }))
  return taxonomy ? [{ field: 'taxonomy.id', node: taxonomy }, ...labelled] : labelled
}
