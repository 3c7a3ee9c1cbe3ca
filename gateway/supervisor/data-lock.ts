import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Gives the directory free again. */
export type Unlock = () => void

/**
 * Takes the data directory for this process. Throws a sentence that names the variable when another
 * running process has it; a lock whose process is gone, as `kill -9` leaves it, is taken over at once.
 * A process is known by its id and its start time, so a reused id is no obstacle.
 */
export function lockDataDir(dir: string): Unlock {
  const path = join(dir, 'instance.lock')
  const draft = join(dir, `instance.lock.${process.pid}`)
  const mine = holderOf(process.pid)
  writeDraft(dir, draft, mine)
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (tryLink(draft, path)) return () => unlock(path, mine)
      dropAbandoned(path, dir)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  throw new Error(
    `PASSERELLE_DATA: ${dir} is being taken by several processes at once; start again`,
  )
}

const ATTEMPTS_MAX = 10

function writeDraft(dir: string, draft: string, mine: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeFileSync(draft, mine)
  } catch (error) {
    throw new Error(
      `PASSERELLE_DATA: ${dir} cannot be written to (${(error as Error).message}); name a directory of this user's, with space left`,
    )
  }
}

/** A link appears whole or not at all, and never over another: two starts cannot both succeed. */
function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Two starters may find the same abandoned lock, and the slower one might remove what the faster just
 * put there: what was moved away is looked at again, and put back if somebody lives.
 */
function dropAbandoned(path: string, dir: string): void {
  refuseIfAlive(readText(path), dir)
  const aside = `${path}.gone.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return // Gone already.
  }
  const moved = readText(aside)
  if (isAlive(moved)) tryLink(aside, path)
  rmSync(aside, { force: true })
}

function refuseIfAlive(holder: string, dir: string): void {
  if (!isAlive(holder)) return
  const pid = holder.split(' ', 1)[0]
  throw new Error(
    `PASSERELLE_DATA: ${dir} is in use by process ${pid}; stop it, or give this instance a directory of its own`,
  )
}

function unlock(path: string, mine: string): void {
  if (readText(path) === mine) rmSync(path, { force: true })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(' ', 1)[0])
  return pid > 0 && holderOf(pid) === holder
}

/** States of /proc/<pid>/stat: zombie, dead. */
const GONE = ['Z', 'X', 'x']

/** `<pid> <start time>`; just the id where the process is gone. */
function holderOf(pid: number): string {
  return `${pid} ${startTimeOf(pid)}`.trim()
}

/**
 * Clock ticks since boot on Linux (field 22 of stat), the printed start time elsewhere; '' for a process
 * that is gone, also where its parent has not taken notice yet (a zombie).
 */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return GONE.includes(state) ? '' : (fields[18] ?? '')
  } catch {
    if (process.platform === 'linux') return ''
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}
