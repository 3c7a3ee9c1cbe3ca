import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const FOLDERS = ['gateway/http', 'gateway/metrics', 'gateway/supervisor', 'test/gateway/supervisor']
const FILES = ['gateway/log.ts', 'gateway/limits.ts', 'audience/beat.ts', 'audience/clock.ts']

/**
 * Puts what processes of their own need into a temporary folder as JavaScript, since node runs no
 * TypeScript; types are checked elsewhere. Returns the folder.
 */
export function transpiled(): string {
  const to = mkdtempSync(join(tmpdir(), 'passerelle-supervisor-'))
  const sources = [...FOLDERS.flatMap((folder) => sourcesIn(join(root, folder))), ...FILES]
  for (const path of sources) transpile(path, to)
  writeFileSync(join(to, 'package.json'), '{"type":"module"}')
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'))
  return to
}

function sourcesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'))
  return names
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => relative(root, path))
}

function transpile(path: string, to: string): void {
  const { outputText } = ts.transpileModule(readFileSync(join(root, path), 'utf8'), {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  })
  const out = join(to, path.replace(/\.ts$/, '.js'))
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, outputText)
}
