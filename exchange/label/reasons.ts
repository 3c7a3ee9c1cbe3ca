/** Why a label is stale: it says what is no longer so. */
export const LabelFaults = {
  refresh_overdue: 'Nobody was put into the segment for longer than its label says it takes.',
  source_gone: 'Where its people came from is no longer there.',
  node_gone: 'It stands for a node that its taxonomy no longer has.',
  definition_changed: 'The segment was changed after its label was signed.',
} as const
export type LabelFault = keyof typeof LabelFaults
