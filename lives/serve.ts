import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '../audience/clock.ts'
import { loadGvl } from '../audience/consent/gvl.ts'
import type { Config } from '../config.ts'
import { openLog } from '../gateway/log.ts'
import { adminToken, adminTokenPath } from '../gateway/supervisor/admin-token.ts'
import { banner } from '../gateway/supervisor/banner.ts'
import { lockDataDir } from '../gateway/supervisor/data-lock.ts'
import { demoSetting } from '../gateway/supervisor/demo-setting.ts'
import { probeDoors } from '../gateway/supervisor/probe-doors.ts'
import { supervise } from '../gateway/supervisor/supervise.ts'

/** The supervisor: opens no room, so nothing a room does can end it. */
export async function serve(config: Config, warnings: readonly string[]): Promise<void> {
  const log = openLog('supervisor')
  for (const warning of warnings) log.warn(warning)
  const { host, gvlPath, store, dataDir, workers } = config
  const unlock = lockDataDir(dataDir)
  const demo = demoSetting({ asked: config.demo, store, dataDir })
  const bound = { ...config, host: host ?? (demo === 'on' ? '127.0.0.1' : '0.0.0.0') }
  if (gvlPath !== undefined) await loadGvl(gvlPath)
  await probeDoors(bound, clock)
  adminToken(config.adminToken, dataDir)
  let isAnnounced = false
  const supervisor = supervise({
    exec: fileURLToPath(new URL('../main.js', import.meta.url)),
    processes: [
      { role: 'bid', count: workers },
      { role: 'edge', count: 1 },
      { role: 'desk', count: 1 },
    ],
    env: {
      PASSERELLE_DEMO: demo,
      PASSERELLE_HOST: bound.host,
      PASSERELLE_INSTANCE: `${hostname()}-${randomBytes(3).toString('hex')}`,
    },
    clock,
    log,
    onState(state) {
      if (!state.ready || isAnnounced) return
      isAnnounced = true
      const tokenPath = config.adminToken === undefined ? adminTokenPath(dataDir) : undefined
      const facts = { ...bound, state, adminTokenPath: tokenPath, isDemo: demo === 'on' }
      process.stdout.write(banner(facts))
    },
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, async () => {
      await supervisor.stop()
      unlock()
      process.exit(0)
    })
}
