import type { TaxonomyNode } from './read-taxonomy.ts'

/** A taxonomy as a tree: built once an import, and shared by all who ask. */
export class Taxonomy {
  /** In the order of the file. */
  readonly nodes: readonly TaxonomyNode[]
  readonly #byId = new Map<string, TaxonomyNode>()
  /** By path; of twins the first. */
  readonly #byPath = new Map<string, TaxonomyNode>()

  constructor(nodes: readonly TaxonomyNode[]) {
    this.nodes = nodes
    for (const node of nodes) {
      if (node.id !== null) this.#byId.set(node.id, node)
      const key = keyOf(node.path)
      if (!this.#byPath.has(key)) this.#byPath.set(key, node)
    }
  }

  node(id: string): TaxonomyNode | undefined {
    return this.#byId.get(id)
  }

  /** Id of the node right above; null at the top, and below a node without one. */
  parentOf({ path }: TaxonomyNode): string | null {
    return path.length === 1 ? null : this.#byPath.get(keyOf(path.slice(0, -1)))!.id
  }

  /** Ids of the nodes above, nearest first; those without one are passed over. */
  *above({ path }: TaxonomyNode): Iterable<string> {
    for (let depth = path.length - 1; depth > 0; depth--) {
      const { id } = this.#byPath.get(keyOf(path.slice(0, depth)))!
      if (id !== null) yield id
    }
  }
}

function keyOf(path: readonly string[]): string {
  return path.join('\t')
}
