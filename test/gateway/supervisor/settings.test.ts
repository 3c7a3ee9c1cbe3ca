import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { adminToken, adminTokenPath } from '../../../gateway/supervisor/admin-token.ts'
import { banner } from '../../../gateway/supervisor/banner.ts'
import { lockDataDir } from '../../../gateway/supervisor/data-lock.ts'
import { demoEnded, demoSetting } from '../../../gateway/supervisor/demo-setting.ts'
import { NOT_YET } from '../../../gateway/supervisor/instance.ts'
import { instanceState, type Member } from '../../../gateway/supervisor/instance-state.ts'
import { probePort } from '../../../gateway/supervisor/probe-port.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'passerelle-settings-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

describe('the admin token', () => {
  test('is made once, readable to its owner only, and stays', () => {
    const token = adminToken(undefined, dataDir)
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(statSync(adminTokenPath(dataDir)).mode & 0o777).toBe(0o600)
    expect(adminToken(undefined, dataDir)).toBe(token)
  })

  test('as given is not written anywhere', () => {
    expect(adminToken('given-token-0123456789', dataDir)).toBe('given-token-0123456789')
    expect(() => statSync(adminTokenPath(dataDir))).toThrow('ENOENT')
  })
})

describe('the demo world', () => {
  const ask = (asked: 'on' | 'off' | undefined, store = `embedded:${dataDir}`) =>
    demoSetting({ asked, store, dataDir })

  test('stands by itself with an empty embedded store, and from then on as it was', () => {
    expect(ask(undefined)).toBe('on')
    writeFileSync(join(dataDir, 'data.mdb'), '')
    expect(ask(undefined)).toBe('on')
    expect(ask('off')).toBe('off')
    demoEnded(dataDir)
    expect(ask(undefined)).toBe('off')
  })

  test('does not come by itself to a store that is not empty, or to Redis', () => {
    expect(ask(undefined, 'redis://localhost')).toBe('off')
    writeFileSync(join(dataDir, 'data.mdb'), '')
    expect(ask(undefined)).toBe('off')
  })
})

describe('a port', () => {
  test('that somebody else serves is told by the name of its setting', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const probe = { host: '127.0.0.1', port, variable: 'PASSERELLE_EDGE_PORT' }
    const problem = `PASSERELLE_EDGE_PORT: port ${port} is in use`
    await expect(probePort(probe, systemClock, 0)).rejects.toThrow(problem)
    const waiting = probePort(probe, systemClock, 10_000)
    server.close()
    await waiting
  })

  test('on an address of another machine is told likewise', async () => {
    const probe = { host: '192.0.2.1', port: 1, variable: 'PASSERELLE_HOST' }
    await expect(probePort(probe, systemClock, 0)).rejects.toThrow('not an address of this machine')
  })
})

describe('the state of an instance', () => {
  const up = { isListening: true, hasCatalog: true, binding: 'b', findings: [] }
  const member = (role: Member['role'], more: Partial<Member> = {}): Member => ({
    role,
    report: up,
    wasUp: true,
    ...more,
  })

  test('misses everything at the very start', () => {
    const none = { report: NOT_YET, wasUp: false }
    const members = [member('bid', none), member('edge', none), member('desk', none)]
    expect(instanceState(members)).toMatchObject({
      ready: false,
      missing: ['gateway', 'edge', 'console', 'catalog'],
    })
  })

  test('misses the catalog while a listening process has none', () => {
    const empty = { ...up, hasCatalog: false }
    const members = [member('bid', { report: empty }), member('edge'), member('desk')]
    expect(instanceState(members).missing).toEqual(['catalog'])
  })

  test('waits for every bid process at the start, and not for one that restarts later', () => {
    const rest = [member('bid'), member('edge'), member('desk')]
    const starting = instanceState([member('bid', { report: NOT_YET, wasUp: false }), ...rest])
    expect(starting.missing).toEqual(['gateway'])
    const restarting = instanceState([member('bid', { report: NOT_YET }), ...rest])
    expect(restarting.ready).toBe(true)
    expect(restarting.degraded.map((one) => one.finding)).toEqual(['workers'])
  })
})

test('the banner never shows the password of a store', () => {
  const shown = banner({
    state: {
      ready: true,
      missing: [],
      degraded: [],
      bindings: { gateway: 'uWebSockets.js 20.30' },
    },
    host: '0.0.0.0',
    consoleHost: '::1',
    gatewayPort: 8080,
    edgePort: 8082,
    grpcPort: 50_051,
    consolePort: 8081,
    store: 'redis://me:hunter2@db:6379/0',
    workers: 2,
    adminTokenPath: undefined,
    isDemo: true,
  })
  expect(shown).not.toContain('hunter2')
  expect(shown).toContain('http://[::1]:8081')
  expect(shown).toContain('uWebSockets.js 20.30 × 2')
  expect(shown).toContain("curl -s localhost:8080/openrtb2/enrich -H 'authorization: Bearer demo")
})

test('a data directory that cannot be written to is named, with its variable', () => {
  const file = join(dataDir, 'a-file')
  writeFileSync(file, '')
  expect(() => lockDataDir(file)).toThrow(`PASSERELLE_DATA: ${file} cannot be written to`)
})
