// `npm test`: installs what is missing, builds, and runs every test; closes with `N passed, N failed`.
// `npm test -- test/proto` runs a part.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuild, root } from './build.mjs'

ensureRedis()
const built = await ensureBuild()
const folder = mkdtempSync(join(tmpdir(), 'passerelle-test-'))
const report = join(folder, 'report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const run = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PASSERELLE_BUILD: built },
  },
)
process.exitCode = close(run.status ?? 1)
rmSync(folder, { recursive: true, force: true })

function close(status) {
  let counts
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    process.stdout.write('0 passed, 1 failed\n')
    return 1
  }
  const failed = Math.max(counts.numFailedTests, counts.success && status === 0 ? 0 : 1)
  process.stdout.write(`${counts.numPassedTests} passed, ${failed} failed\n`)
  return failed ? 1 : 0
}

/** The tests speak to a real Redis: found on PATH, else installed where that is allowed, else said so. */
function ensureRedis() {
  if (hasRedis()) return
  const mayInstall = process.env.CI === 'true' || process.env.PASSERELLE_TEST_INSTALL === '1'
  if (mayInstall && process.getuid?.() === 0) {
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', 'redis-server'],
    ])
      spawnSync('apt-get', args, {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      })
    if (hasRedis()) return
  }
  process.stderr.write(
    'The tests need redis-server: run `apt-get install redis-server`, or as root `PASSERELLE_TEST_INSTALL=1 npm test`.\n',
  )
  process.stdout.write('0 passed, 1 failed\n')
  process.exit(1)
}

function hasRedis() {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
