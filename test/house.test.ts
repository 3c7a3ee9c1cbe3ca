import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

// docs/ARCHITECTURE.md as a test: imports go downhill, each runtime package has one door, nothing grows big.

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ROOMS = ['proto', 'audience', 'exchange', 'activation', 'gateway', 'console'] as const
const LINES_MAX = 400
const FUNCTION_LINES_MAX = 60
/** Hot loops take spans as numbers, so that nothing is allocated: more than the three of the style guide. */
const PARAMETERS_MAX = 7

/** Peers that the bench compares with and generators are no part of the product. */
const EXEMPT = ['bench', 'test', 'scripts']
/** Runs in pages, has no clock but theirs, and knows the house by its addresses alone. */
const TAG = 'tag'

const rooms = [...ROOMS.flatMap((room) => sourcesIn(join(root, room))), ...rootFiles()].map(read)
const tag = sourcesIn(join(root, TAG)).map(read)
const files = [...rooms, ...tag]
const product = rooms.filter((file) => !EXEMPT.includes(file.room))
const packages = Object.keys(
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies,
)
const optional = Object.keys(
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies ?? {},
)

describe('the house', () => {
  test('imports flow downhill only', () => {
    const uphill = product.flatMap((file) =>
      file.imports
        .filter((name) => name.specifier.startsWith('.'))
        .map((name) => ({ file, to: roomOf(normalize(join(dirname(file.path), name.specifier))) }))
        .filter(({ to }) => rank(to) > rank(file.room))
        .map(({ to }) => `${file.path} imports ${to}`),
    )
    expect(uphill).toEqual([])
  })

  test('each runtime package enters through one file', () => {
    for (const name of [...packages, ...optional]) {
      const doors = product.filter((file) =>
        file.imports.some((one) => !one.isType && packageOf(one.specifier) === name),
      )
      expect(doors.map((file) => file.path).slice(1), `${name} has more than one door`).toEqual([])
    }
  })

  test('nothing is imported that package.json does not name', () => {
    const named = new Set([...packages, ...optional])
    const strange = product.flatMap((file) =>
      file.imports
        .filter(
          (one) =>
            !one.isType && !one.specifier.startsWith('.') && !one.specifier.startsWith('node:'),
        )
        .filter((one) => !named.has(packageOf(one.specifier)))
        .map((one) => `${file.path} imports ${one.specifier}`),
    )
    expect(strange).toEqual([])
  })

  test('the tag imports itself alone, and nobody imports it', () => {
    const strange = files
      .flatMap(({ path, room, imports }) =>
        imports.map(({ specifier }) => ({ path, room, specifier })),
      )
      .filter(({ path, room, specifier }) => {
        // A module of Prebid.js stands among its sources (tag/prebid/).
        if (specifier.startsWith('prebid.js/')) return !path.startsWith(`${TAG}/prebid/`)
        const isWithin =
          specifier.startsWith('.') && roomOf(normalize(join(dirname(path), specifier))) === TAG
        return isWithin ? room !== TAG : room === TAG
      })
    expect(strange).toEqual([])
  })

  test('value imports make no cycles', () => {
    expect(cycles()).toEqual([])
  })

  test('no file is longer than 400 lines', () => {
    const all = [...files, ...sourcesIn(join(root, 'bench')).map(read)]
    const long = all.filter((file) => file.lines > LINES_MAX)
    expect(long.map((file) => `${file.path}: ${file.lines}`)).toEqual([])
  })

  test('no function is longer than 60 lines or takes more than seven parameters', () => {
    const big = files.flatMap((file) =>
      functionsIn(file.source)
        .filter((one) => one.lines > FUNCTION_LINES_MAX || one.parameters > PARAMETERS_MAX)
        .map((one) => `${file.path} ${one.name}: ${one.lines} lines, ${one.parameters} parameters`),
    )
    expect(big).toEqual([])
  })

  test('time is read through a Clock only', () => {
    const direct = product.filter(
      (file) =>
        file.path !== 'audience/clock.ts' && /\b(Date\.now|performance\.now)\(/.test(file.text),
    )
    expect(direct.map((file) => file.path)).toEqual([])
  })
})

interface Source {
  path: string
  room: string
  text: string
  lines: number
  source: ts.SourceFile
  imports: { specifier: string; isType: boolean }[]
}

function rootFiles(): string[] {
  return [join(root, 'main.ts'), join(root, 'config.ts'), ...sourcesIn(join(root, 'lives'))]
}

function sourcesIn(folder: string): string[] {
  let names: string[] = []
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return sourcesIn(path)
    return path.endsWith('.ts') ? [path] : []
  })
}

function read(path: string): Source {
  const text = readFileSync(path, 'utf8')
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  const name = relative(root, path)
  const lines = text.split('\n').length
  return { path: name, room: roomOf(name), text, lines, source, imports: importsOf(source) }
}

function importsOf(source: ts.SourceFile): Source['imports'] {
  const found: Source['imports'] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
      found.push({
        specifier: node.moduleSpecifier.text,
        isType: node.importClause?.isTypeOnly ?? false,
      })
    else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    )
      found.push({ specifier: node.moduleSpecifier.text, isType: node.isTypeOnly })
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const first = node.arguments[0]
      if (first && ts.isStringLiteral(first)) found.push({ specifier: first.text, isType: false })
    } else if (
      ts.isCallExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'require'
    ) {
      const first = node.arguments[0]
      if (first && ts.isStringLiteral(first)) found.push({ specifier: first.text, isType: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function roomOf(path: string): string {
  const first = path.split('/')[0] ?? ''
  return path.includes('/') ? first : 'main'
}

function rank(room: string): number {
  const at = (ROOMS as readonly string[]).indexOf(room)
  return at === -1 ? ROOMS.length : at
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
}

function functionsIn(source: ts.SourceFile): { name: string; lines: number; parameters: number }[] {
  const found: { name: string; lines: number; parameters: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const from = source.getLineAndCharacterOfPosition(node.getStart()).line
      const to = source.getLineAndCharacterOfPosition(node.getEnd()).line
      const name = node.name && ts.isIdentifier(node.name) ? node.name.text : `line ${from + 1}`
      found.push({ name, lines: to - from + 1, parameters: node.parameters.length })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** Paths that lead back to where they began, along value imports. */
function cycles(): string[] {
  const edges = new Map(
    product.map((file) => [
      file.path,
      file.imports
        .filter((one) => !one.isType && one.specifier.startsWith('.'))
        .map((one) => normalize(join(dirname(file.path), one.specifier))),
    ]),
  )
  const found: string[] = []
  const done = new Set<string>()
  const walk = (path: string, trail: string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) walk(path, [])
  return found
}
