// `npm test`: installs what is missing, builds, and runs every test; closes with `N passed, N failed`.
// `npm test -- test/proto` runs a part.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuild, root } from './build.mjs'

ensureTools(['redis-server', 'chromium'])
await ensureBuild()
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

/** The tests speak to a real Redis and a real browser: found on PATH, else installed where that is allowed, else said so. */
function ensureTools(names) {
  const missing = () => names.filter((name) => !isThere(name))
  if (missing().length === 0) return
  const mayInstall = process.env.CI === 'true' || process.env.PASSERELLE_TEST_INSTALL === '1'
  if (mayInstall && process.getuid?.() === 0) install(missing())
  const still = missing().join(' ')
  if (still === '') return
  process.stderr.write(
    `The tests need ${still}: run \`apt-get install ${still}\`, or as root \`PASSERELLE_TEST_INSTALL=1 npm test\`.\n`,
  )
  process.stdout.write('0 passed, 1 failed\n')
  process.exit(1)
}

/** Debian's packages, which are named as what they install. */
function install(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ])
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env })
}

function isThere(name) {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0
}
