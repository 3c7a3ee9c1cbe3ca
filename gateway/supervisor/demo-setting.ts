import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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
  const mark = join(dataDir, 'demo-world')
  const isOn = asked === undefined ? existsSync(mark) || isEmptyEmbedded(store) : asked === 'on'
  if (isOn) writeFileSync(mark, 'The demo world stands here: its keys are known to everybody.\n')
  else rmSync(mark, { force: true })
  return isOn ? 'on' : 'off'
}

function isEmptyEmbedded(store: string): boolean {
  if (!store.startsWith('embedded:')) return false
  try {
    return !readdirSync(store.slice('embedded:'.length)).some((name) => name.endsWith('.mdb'))
  } catch {
    return true
  }
}
