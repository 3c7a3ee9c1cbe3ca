import { PersonNames } from './person-names.ts'

/**
 * What recall found of one person, flattened for the bid path: the live memberships of every id
 * connected by live edges, and over which edges each id is reached. Reused; nothing is allocated on a hit.
 */
export const NODES_MAX = 64
export const MEMBERSHIPS_MAX = 4096
/** A component of 64 ids has a few hundred edges at most; surplus ones are ignored. */
export const EDGES_MAX = 1024

export class PersonView {
  /** How many ids the person has here; 0 means stranger. Node 0 is the id the request named. */
  nodes = 0
  /** Live memberships: parallel arrays; the same segment may stand at several nodes. */
  count = 0
  readonly segment = new Int32Array(MEMBERSHIPS_MAX)
  readonly node = new Uint8Array(MEMBERSHIPS_MAX)
  /** Live edges between nodes: parallel arrays. */
  edges = 0
  readonly edgeFrom = new Uint8Array(EDGES_MAX)
  readonly edgeTo = new Uint8Array(EDGES_MAX)
  /** Number of the owning partner; 0 is the exchange. */
  readonly edgeOwner = new Int32Array(EDGES_MAX)
  /** What the ids are called, where that was asked for. */
  readonly names = new PersonNames(NODES_MAX, EDGES_MAX)
  /** Which of the request's ids was known: its index in the candidates. */
  foundBy = -1
  /** One of the ids is suppressed: nothing here may be used. */
  isSuppressed = false

  reset(): void {
    this.nodes = 0
    this.count = 0
    this.edges = 0
    this.foundBy = -1
    this.isSuppressed = false
    if (this.names.isWanted) this.names.reset()
  }
}
