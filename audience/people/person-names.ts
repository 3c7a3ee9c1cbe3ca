import { type EdgeName, readEdgeName } from '../../proto/edge-blob.ts'
import { NO_NAMESPACE } from './eid-table.ts'

/**
 * What the ids of a person are called, and how each match was made: for the few buyers that may be told. Filled
 * by recall while `isWanted`, for namespaces that are kept by name (Recall.name).
 */
export class PersonNames {
  /** Set before recall is asked; nothing else here means anything where it is false. */
  isWanted = false
  /** By node: namespace number; NO_NAMESPACE for node 0, which the request named itself. */
  readonly namespace: Int32Array
  /** By edge of the view: AdCOM ID match method. */
  readonly method: Uint16Array
  readonly #start: Int32Array
  readonly #end: Int32Array
  #bytes = Buffer.alloc(0)
  #used = 0

  constructor(nodesMax: number, edgesMax: number) {
    this.namespace = new Int32Array(nodesMax)
    this.method = new Uint16Array(edgesMax)
    this.#start = new Int32Array(nodesMax)
    this.#end = new Int32Array(nodesMax)
  }

  reset(): void {
    this.namespace.fill(NO_NAMESPACE)
    this.#end.fill(0)
    this.#start.fill(0)
    this.#used = 0
  }

  /** Takes what a match that leads to `node` says. Without a name (`at` -1) its method is unknown. */
  note(edge: number, node: number, { bytes, at }: { bytes: Uint8Array; at: number }): void {
    this.method[edge] = 0
    if (at < 0) return
    readEdgeName(bytes, at, name)
    this.method[edge] = name.method
    if (this.namespace[node] !== NO_NAMESPACE) return
    this.namespace[node] = name.namespace
    this.#start[node] = this.#used
    this.#add(bytes, name)
    this.#end[node] = this.#used
  }

  /** The value of a node; '' where it is not kept. */
  valueOf(node: number): string {
    return this.#bytes.toString('utf8', this.#start[node], this.#end[node])
  }

  #add(bytes: Uint8Array, { start, end }: EdgeName): void {
    const used = this.#used + end - start
    if (used > this.#bytes.length) {
      const more = Buffer.alloc(2 * used)
      more.set(this.#bytes.subarray(0, this.#used))
      this.#bytes = more
    }
    this.#bytes.set(bytes.subarray(start, end), this.#used)
    this.#used = used
  }
}

const name: EdgeName = { method: 0, namespace: 0, start: 0, end: 0 }
