import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const folder = resolve(
  process.env['PASSERELLE_CORPUS'] ?? `${import.meta.dirname}/../../../shared/corpus`,
)

/** Path of a file of the corpus, or undefined where this machine has none: own cases stand in then. */
export function corpusPath(name: string): string | undefined {
  const path = resolve(folder, name)
  return existsSync(path) ? path : undefined
}

/** Lines of a corpus file, as bytes; none where there is no corpus. */
export function corpusLines(name: string): Buffer[] {
  const path = corpusPath(name)
  if (path === undefined) return []
  const text = readFileSync(path, 'latin1')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line, 'latin1'))
}
