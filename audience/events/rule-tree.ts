import type { Expression } from '../rules/expression.ts'
import { readExpression } from '../rules/read-expression.ts'

/** Trees by what was written: a record that did not change is not read again. */
const trees = new WeakMap<object, Expression | undefined>()
const textTrees = new Map<string, Expression | undefined>()
const TEXTS_MAX = 20_000

/** What was written as a tree; undefined for what cannot be read. */
export function treeOf(given: unknown): Expression | undefined {
  if (typeof given === 'string') {
    if (!textTrees.has(given)) {
      if (textTrees.size >= TEXTS_MAX) textTrees.clear()
      textTrees.set(given, readTree(given))
    }
    return textTrees.get(given)
  }
  if (!trees.has(given as object)) trees.set(given as object, readTree(given))
  return trees.get(given as object)
}

/** What is kept was checked when it was written; what cannot be read all the same holds for nobody. */
function readTree(given: unknown): Expression | undefined {
  const read = readExpression(given, '')
  return 'tree' in read ? read.tree : undefined
}
