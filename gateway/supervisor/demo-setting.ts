import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../audience/clock.ts'
import { SUPERVISOR_LIMITS } from './limits.ts'

export interface DemoQuestion {
  /** PASSERELLE_DEMO. */
  asked: 'on' | 'off' | undefined
  store: string
  dataDir: string
}

/**
 * Whether the demo world is to stand: as asked, else with an empty embedded store, and from then on as it
 * was. A mark in the data directory remembers it, since a later start finds the store no longer empty.
 */
export function demoSetting({ asked, store, dataDir }: DemoQuestion): 'on' | 'off' {
  const mark = markIn(dataDir)
  const isOn = asked === undefined ? existsSync(mark) || isEmptyEmbedded(store) : asked === 'on'
  if (isOn) writeFileSync(mark, 'The demo world stands here: its keys are known to everybody.\n')
  return isOn ? 'on' : 'off'
}

/** The keys of the demo world are revoked: it stands here no longer. */
export function demoEnded(dataDir: string): void {
  rmSync(markIn(dataDir), { force: true })
}

/**
 * With demo off, holds a bid door back until the keys of an earlier demo world are revoked, so that a key
 * everybody knows opens nothing; not for ever, since a store out of reach must not keep bids away.
 */
export async function untilDemoEnded(dataDir: string, clock: Clock): Promise<void> {
  const endMs = clock.elapsed() + SUPERVISOR_LIMITS.demoEndMsMax
  while (existsSync(markIn(dataDir)) && clock.elapsed() < endMs)
    await new Promise((resolve) => setTimeout(resolve, SUPERVISOR_LIMITS.reportMs))
}

function markIn(dataDir: string): string {
  return join(dataDir, 'demo-world')
}

function isEmptyEmbedded(store: string): boolean {
  if (!store.startsWith('embedded:')) return false
  try {
    return !readdirSync(store.slice('embedded:'.length)).some((name) => name.endsWith('.mdb'))
  } catch {
    return true
  }
}
