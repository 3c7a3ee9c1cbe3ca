import type { Finding, InstanceState, ProcessReport, Role } from './instance.ts'

/** A process of the instance, as the supervisor knows it. */
export interface Member {
  role: Role
  report: ProcessReport
  /** It was up before: a door that is served by others meanwhile stays there while it restarts. */
  wasUp: boolean
}

const DOORS: Readonly<Record<Role, string>> = { bid: 'gateway', edge: 'edge', desk: 'console' }

/**
 * Sums the processes up. A door is there when one of its processes listens, and, at the start, when all
 * of them do. Trouble with a store is `degraded`: bids are answered without it, so taking the instance
 * out of service would make one fault a full outage.
 */
export function instanceState(members: readonly Member[]): InstanceState {
  const missing: string[] = []
  const bindings: Record<string, string> = {}
  const findings = new Map<string, Finding>()
  for (const role of Object.keys(DOORS) as Role[]) {
    const of = members.filter((member) => member.role === role)
    const up = of.filter((member) => member.report.isListening)
    const restarting = of.length - up.length
    if (up.length === 0 || of.some((one) => !one.report.isListening && !one.wasUp))
      missing.push(DOORS[role])
    else if (restarting) findings.set('workers', restartingOf(DOORS[role], restarting))
    if (up[0]) bindings[DOORS[role]] = up[0].report.binding
    for (const { report } of up) for (const one of report.findings) findings.set(one.finding, one)
  }
  const hasCatalog = members.every(({ report }) => report.hasCatalog || !report.isListening)
  if (!hasCatalog || missing.length === 3) missing.push('catalog')
  return { ready: missing.length === 0, missing, degraded: [...findings.values()], bindings }
}

function restartingOf(door: string, count: number): Finding {
  return {
    finding: 'workers',
    advice: `${count} of the ${door} processes ended and are restarting`,
  }
}
