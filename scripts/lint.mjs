// `npm run lint`: formatter, linter and type check over everything.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureInstalled, root } from './build.mjs'

await ensureInstalled()
for (const [bin, args] of [
  ['@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']],
  ['typescript/bin/tsc', ['--noEmit', '-p', '.']],
  ['typescript/bin/tsc', ['-p', 'tag']],
]) {
  try {
    execFileSync(process.execPath, [join(root, 'node_modules', bin), ...args], {
      cwd: root,
      stdio: 'inherit',
    })
  } catch {
    process.exit(1)
  }
}
