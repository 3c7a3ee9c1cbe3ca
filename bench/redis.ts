import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { profileTexts } from './contenders/profile-texts.ts'
import { freePort } from './processes.ts'
import type { Person } from './workload.ts'

/** A Redis server of the bench's own, in memory only. */
export interface BenchRedis {
  port: number
  /** Puts the peers' profiles in; returns the port. */
  loadProfiles(people: readonly Person[]): Promise<number>
  stop(): Promise<void>
}

/** Undefined where redis-server is not on PATH. */
export async function startRedis(): Promise<BenchRedis | undefined> {
  if (spawnSync('redis-server', ['--version']).error) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder]
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  await listening(port, child)
  return {
    port,
    loadProfiles: (people) => loadProfiles(port, people),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          rmSync(folder, { recursive: true, force: true })
          resolve()
        })
        child.kill('SIGKILL')
      }),
  }
}

async function loadProfiles(port: number, people: readonly Person[]): Promise<number> {
  const redis = new Redis(port, '127.0.0.1')
  const pipeline = redis.pipeline()
  for (const [uid, text] of profileTexts(people)) pipeline.set(`bench:${uid}`, text)
  await pipeline.exec()
  await redis.quit()
  return port
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error('redis-server ended at start')
    const isUp = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (isUp) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
