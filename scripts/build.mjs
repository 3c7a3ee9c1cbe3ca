// Makes what is missing before anything runs: installed packages (lockfile), the compiled house and the tag for pages.
// Both are safe to run twice at once: the install takes a lock, a build is renamed into place whole.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const BUILDS_KEPT = 4
const NODE_MIN = [20, 19]
/**
 * Doors (test/house.test.ts) that are built with their package in them. Typebox comes as 700 small files, half of all
 * that a process would find, read and compile at its start one by one.
 */
const WHOLE_DOORS = ['audience/schema.js']
/**
 * `install` and not `ci`: both take the lockfile's versions, but `ci` refuses a lockfile made where the
 * registry did not offer the optional packages of every other platform. `--no-save` leaves it untouched.
 */
const INSTALL = [
  'install',
  '--no-save',
  '--include=dev',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
]

/** Installs the lockfile's packages where they are missing or another lockfile's. */
export async function ensureInstalled() {
  checkNode()
  const wanted = hashOf([join(root, 'package-lock.json')], process.versions.modules)
  const stamp = join(root, 'node_modules', '.passerelle-install')
  const done = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  if (done()) return
  await withLock(join(root, '.passerelle-install.lock'), () => {
    if (done()) return
    process.stderr.write('Installing packages (first start, or the lockfile changed) …\n')
    execFileSync('npm', INSTALL, { cwd: root, stdio: ['ignore', 2, 2] })
    // A new file, not new bytes: trees that were copied by hard links keep a stamp of their own.
    writeFileSync(`${stamp}.new`, wanted)
    renameSync(`${stamp}.new`, stamp)
  })
}

/** Compiles the sources where no build of exactly them exists; returns its folder. */
export async function ensureBuild() {
  await ensureInstalled()
  const sources = sourceFiles()
  const place = join(root, 'dist', hashOf(sources, process.version).slice(0, 16))
  if (existsSync(place)) {
    markUsed(place)
    return place
  }
  process.stderr.write('Building …\n')
  const draft = join(root, 'dist', `.draft-${process.pid}`)
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', draft], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    for (const door of WHOLE_DOORS) await buildWhole(join(draft, door))
    writeFileSync(join(draft, 'tag.js'), await buildTag())
    writeFileSync(join(draft, 'passerelleRtdProvider.js'), await buildPrebidModule())
    moveIntoPlace(draft, place)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  dropOldBuilds(place)
  return place
}

/** The text of /tag.js: tag/tag.ts and what it imports, as one script for pages. */
export async function buildTag() {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [join(root, 'tag', 'tag.ts')],
    ...{ bundle: true, minify: true, write: false, format: 'iife', logLevel: 'warning' },
    // Private fields and all that is older: every browser since 2021.
    target: ['chrome84', 'firefox90', 'safari15'],
  })
  return outputFiles[0].text
}

/**
 * Our module for Prebid.js (tag/prebid/), as one file for the folder `modules` of its sources, or of its npm package's
 * `dist/src`: there what it imports of Prebid.js is beside it, at `../src`.
 */
export async function buildPrebidModule() {
  const { build } = await import('esbuild')
  const beside = {
    name: 'beside-prebid',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^prebid\.js\/src\// }, ({ path }) => ({
        path: path.replace('prebid.js', '..'),
        external: true,
      })),
  }
  const { outputFiles } = await build({
    entryPoints: [join(root, 'tag', 'prebid', 'passerelleRtdProvider.ts')],
    ...{ bundle: true, write: false, format: 'esm', charset: 'utf8', logLevel: 'warning' },
    // Prebid.js' own build makes of it what its browsers need.
    target: 'es2020',
    plugins: [beside],
  })
  return outputFiles[0].text
}

/** Puts the package that a compiled file imports into it; its neighbours stay where they are. */
async function buildWhole(path) {
  const { build } = await import('esbuild')
  const neighbours = {
    name: 'neighbours',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^\./ }, ({ path: imported, importer }) =>
        importer === path ? { path: imported, external: true } : undefined,
      ),
  }
  await build({
    ...{ entryPoints: [path], outfile: path, allowOverwrite: true, logLevel: 'warning' },
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20' },
    plugins: [neighbours],
  })
}

/** Imports a module of the build, e.g. `main.js`. */
export async function importBuilt(path) {
  return import(pathToFileURL(join(await ensureBuild(), path)).href)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return
  process.stderr.write(
    `Passerelle needs Node ${NODE_MIN.join('.')} or newer; this is ${process.version}.\n`,
  )
  process.exit(1)
}

/** What was used last is kept longest. Built by another user, as in an image, it is used as it is. */
function markUsed(place) {
  try {
    utimesSync(place, new Date(), new Date())
  } catch (error) {
    if (!['EPERM', 'EACCES', 'EROFS'].includes(error.code)) throw error
  }
}

/** Another start may have built the same sources meanwhile: then its build stands. */
function moveIntoPlace(draft, place) {
  try {
    renameSync(draft, place)
  } catch (error) {
    if (!existsSync(place)) throw error
  }
}

/** A running instance may still restart workers from an older build, so a few are kept. */
function dropOldBuilds(current) {
  const dist = join(root, 'dist')
  const builds = readdirSync(dist)
    .filter((name) => /^[0-9a-f]{16}$/.test(name) && join(dist, name) !== current)
    .map((name) => ({ path: join(dist, name), age: statSync(join(dist, name)).mtimeMs }))
    .sort((a, b) => b.age - a.age)
  for (const build of builds.slice(BUILDS_KEPT - 1))
    rmSync(build.path, { recursive: true, force: true })
}

function sourceFiles() {
  const config = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8'))
  const found = [
    ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    join('scripts', 'build.mjs'),
  ].map((f) => join(root, f))
  for (const entry of [...config.include, 'tag']) collect(join(root, entry), found)
  return found.sort()
}

function collect(path, into) {
  if (!existsSync(path)) return
  if (statSync(path).isFile()) into.push(path)
  else for (const name of readdirSync(path)) collect(join(path, name), into)
}

function hashOf(files, salt) {
  const hash = createHash('sha256').update(salt)
  for (const file of files) hash.update(`${relative(root, file)}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

/** A folder is made by one process only; a lock whose maker is gone is taken over. */
async function withLock(path, work) {
  for (let tries = 0; !takeLock(path); tries++) {
    if (tries === 10)
      process.stderr.write(`Another start installs packages; if none does, remove ${path}\n`)
    await new Promise((again) => setTimeout(again, 200))
  }
  try {
    work()
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

function takeLock(path) {
  try {
    mkdirSync(path)
    writeFileSync(join(path, 'pid'), String(process.pid))
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (isAbandoned(path)) rmSync(path, { recursive: true, force: true })
    return false
  }
}

function isAbandoned(path) {
  try {
    process.kill(Number(readFileSync(join(path, 'pid'), 'utf8')), 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await ensureBuild()
