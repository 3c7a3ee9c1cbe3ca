/** People as plainly as they can be written: lists walked through, nothing packed, nothing kept. */
export class PeopleModel {
  readonly #isSingle: (name: string) => boolean
  readonly #memberships: { name: string; segment: number; expiryDay: number }[] = []
  readonly #edges: { a: string; b: string; owner: number; expiryDay: number }[] = []

  constructor(isSingle: (name: string) => boolean) {
    this.#isSingle = isSingle
  }

  assign(name: string, add: [number, number][], remove: number[]): void {
    const changed = [...add.map(([segment]) => segment), ...remove]
    drop(this.#memberships, (one) => one.name === name && changed.includes(one.segment))
    for (const [segment, expiryDay] of add) this.#memberships.push({ name, segment, expiryDay })
  }

  /** The outcome of people/link.ts, for two ids at a time. */
  link(
    a: string,
    b: string,
    { owner, expiryDay, today }: { owner: number; expiryDay: number; today: number },
  ): string {
    if (a === b) return 'self'
    const joined = new Set([...this.#idsOf(a, today), ...this.#idsOf(b, today)])
    const isSplit = !this.#idsOf(a, today).includes(b)
    if (isSplit && [...joined].filter(this.#isSingle).length > 1) return 'one_per_person'
    drop(this.#edges, (edge) => edge.owner === owner && isBetween(edge, a, b))
    this.#edges.push({ a, b, owner, expiryDay })
    return 'ok'
  }

  unlink(a: string, b: string): void {
    drop(this.#edges, (edge) => isBetween(edge, a, b))
  }

  forget(name: string): void {
    drop(this.#memberships, (one) => one.name === name)
    drop(this.#edges, (edge) => edge.a === name || edge.b === name)
  }

  /** Who is found, and which segments: over all matches, and over those of some owners. */
  answer(names: string[], owners: number[], today: number): object {
    const asked = [...new Set(names)]
    const foundBy = asked.findIndex(
      (name) => this.#segmentsOf([name], today).length + this.#idsOf(name, today).length > 1,
    )
    if (foundBy === -1) return { foundBy, ids: 0, all: [], over: [] }
    const ids = this.#idsOf(asked[foundBy]!, today)
    const over = this.#idsOf(asked[foundBy]!, today, owners)
    const segments = (of: string[]) => this.#segmentsOf(of, today)
    return { foundBy, ids: ids.length, all: segments(ids), over: segments(over) }
  }

  #segmentsOf(names: string[], today: number): number[] {
    const live = this.#memberships.filter(
      (one) => names.includes(one.name) && one.expiryDay > today,
    )
    return [...new Set(live.map((one) => one.segment))].sort((x, y) => x - y)
  }

  /** All ids joined with this one, itself first. */
  #idsOf(name: string, today: number, owners?: number[]): string[] {
    const ids = [name]
    for (const id of ids) {
      for (const { a, b, owner, expiryDay } of this.#edges) {
        if (expiryDay <= today || (owners && !owners.includes(owner))) continue
        const other = a === id ? b : b === id ? a : id
        if (!ids.includes(other)) ids.push(other)
      }
    }
    return ids
  }
}

function isBetween(edge: { a: string; b: string }, a: string, b: string): boolean {
  return (edge.a === a && edge.b === b) || (edge.a === b && edge.b === a)
}

function drop<T>(list: T[], which: (item: T) => boolean): void {
  list.splice(0, list.length, ...list.filter((item) => !which(item)))
}
