import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileText } from '../../audience/store/catalog-files.ts'
import { APPLIED_KINDS } from '../../exchange/desk/catalog-kinds.ts'
import { CliError } from './cli-error.ts'

/**
 * Makes the catalog's folders in `dir` hold exactly these files: what is the same already is left alone,
 * what is no longer there is removed. Nothing else in `dir` is touched.
 */
export function writeCatalogDir(
  dir: string,
  files: Readonly<Record<string, object>>,
): { written: number; removed: number } {
  const stale = pathsIn(dir).filter((path) => !Object.hasOwn(files, path))
  for (const path of stale) rmSync(join(dir, path))
  let written = 0
  for (const [path, file] of Object.entries(files)) {
    const into = join(dir, path)
    const text = fileText(file)
    if (textOf(into) === text) continue
    mkdirSync(dirname(into), { recursive: true })
    writeFileSync(into, text)
    written++
  }
  return { written, removed: stale.length }
}

/**
 * The body of a PUT of the whole catalog, each file in it to the letter. Throws CliError, naming every
 * file that is no JSON.
 */
export function readCatalogDir(dir: string): string {
  const bad: string[] = []
  const files = pathsIn(dir).map((path) => {
    const text = readFileSync(join(dir, path), 'utf8').trim()
    try {
      JSON.parse(text)
    } catch (error) {
      bad.push(`${path} is not JSON: ${(error as Error).message}`)
    }
    return `${JSON.stringify(path)}:${text}`
  })
  if (bad.length > 0) throw new CliError(bad.join('\n'))
  if (files.length > 0) return `{"files":{${files.join(',')}}}`
  const folders = APPLIED_KINDS.map(({ folder }) => folder).join(', ')
  throw new CliError(`${dir} holds no file of a catalog`, [
    `They lie in its folders ${folders}: see passerelle catalog export.`,
  ])
}

function pathsIn(dir: string): string[] {
  return APPLIED_KINDS.flatMap(({ folder }) =>
    namesIn(join(dir, folder))
      .filter((name) => name.endsWith('.json'))
      .map((name) => `${folder}/${name}`),
  )
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new CliError(`${dir} cannot be read: ${(error as Error).message}`)
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
