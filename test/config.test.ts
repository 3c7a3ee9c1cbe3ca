import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type ConfigError, readConfig } from '../config.ts'

const dir = mkdtempSync(join(tmpdir(), 'passerelle-config-'))

function file(name: string, content: string): string {
  writeFileSync(join(dir, name), content)
  return join(dir, name)
}

function problems(env: Record<string, string>): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    return (error as ConfigError).problems.map((one) => one.variable)
  }
}

describe('settings', () => {
  test('none at all run: each has a default', () => {
    expect(readConfig({ HOME: '/root' })).toEqual({
      config: {
        store: 'embedded:./data',
        dataDir: './data',
        secret: undefined,
        host: undefined,
        consoleHost: '127.0.0.1',
        gatewayPort: 8080,
        edgePort: 8082,
        edgeUrl: 'http://localhost:8082',
        domain: 'localhost',
        tokenOperators: [],
        consolePort: 8081,
        grpcPort: 50_051,
        tls: undefined,
        vault: { keys: undefined, region: undefined },
        artfDataSegments: false,
        adminToken: undefined,
        demo: undefined,
        workers: availableParallelism(),
        gvlPath: undefined,
        gvlId: undefined,
      },
      warnings: [],
    })
  })

  test('the data directory is the embedded store’s, unless it is named or the store is Redis', () => {
    const dataDir = (env: Record<string, string>) => readConfig(env).config.dataDir
    expect(dataDir({ PASSERELLE_STORE: 'embedded:/srv/p' })).toBe('/srv/p')
    expect(dataDir({ PASSERELLE_STORE: 'embedded:/srv/p', PASSERELLE_DATA: '/srv/d' })).toBe(
      '/srv/d',
    )
    expect(dataDir({ PASSERELLE_STORE: 'redis://localhost:6379/0' })).toBe('./data')
  })

  test('all problems are told at once, each with what is expected', () => {
    const env = {
      PASSERELLE_STORE: 'postgres://x',
      PASSERELLE_GATEWAY_PORT: '80a',
      PASSERELLE_EDGE_PORT: '70000',
      PASSERELLE_WORKERS: '0',
      PASSERELLE_DEMO: 'yes',
      PASSERELLE_GVL: '/nowhere/gvl.json',
      PASSERELLE_GVL_ID: '-1',
      PASSERELLE_SECRET: 'short',
      PASSERELLE_ADMIN_TOKEN: 'tiny',
      PASSERELLE_HOST: 'not a host',
    }
    expect(problems(env).sort()).toEqual(Object.keys(env).sort())
    expect(() => readConfig(env)).toThrow(/GATEWAY_PORT: is "80a"; expected a whole number from 1/)
  })

  test('a certificate and a key that give no TLS are told before anything starts', () => {
    const tls = (name: string) => fileURLToPath(new URL(`./support/tls/${name}`, import.meta.url))
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const other = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const told = (cert: string, key: string) =>
      problems({ PASSERELLE_TLS_CERT: cert, PASSERELLE_TLS_KEY: key })
    expect(told(tls('cert.pem'), tls('key.pem'))).toEqual([])
    expect(told(tls('cert.pem'), file('other.pem', other))).toEqual(['PASSERELLE_TLS_KEY'])
    expect(told(tls('cert.pem'), file('no.pem', 'no key'))).toEqual(['PASSERELLE_TLS_KEY'])
    expect(told(tls('key.pem'), tls('key.pem'))).toEqual(['PASSERELLE_TLS_CERT'])
    expect(told(tls('cert.pem'), '/nowhere.pem')).toEqual(['PASSERELLE_TLS_KEY'])
  })

  test('a secret or token is never repeated', () => {
    const message = (env: Record<string, string>) => {
      try {
        readConfig(env)
      } catch (error) {
        return String(error)
      }
      return ''
    }
    expect(
      message({ PASSERELLE_SECRET: 'hunter2', PASSERELLE_ADMIN_TOKEN: 'hunter3' }),
    ).not.toMatch(/hunter/)
    expect(message({ PASSERELLE_STORE: 'mysql://me:hunter2@db' })).not.toMatch(/hunter/)
  })

  test('two doors cannot have one port', () => {
    expect(problems({ PASSERELLE_GATEWAY_PORT: '9000', PASSERELLE_EDGE_PORT: '9000' })).toEqual([
      'PASSERELLE_EDGE_PORT',
    ])
    expect(problems({ PASSERELLE_CONSOLE_PORT: '8082' })).toEqual(['PASSERELLE_CONSOLE_PORT'])
  })

  test('a secret becomes 32 bytes, the same from the environment and from a file', () => {
    const secret = 's'.repeat(40)
    const fromEnv = readConfig({ PASSERELLE_SECRET: secret }).config.secret
    const fromFile = readConfig({ PASSERELLE_SECRET_FILE: file('secret', `${secret}\n`) })
    expect(fromEnv?.length).toBe(32)
    expect(fromFile.config.secret).toEqual(fromEnv)
    expect(
      problems({ PASSERELLE_SECRET: secret, PASSERELLE_SECRET_FILE: file('secret', secret) }),
    ).toEqual(['PASSERELLE_SECRET'])
  })

  test('a file holds them under the same names; the environment wins', () => {
    const path = file('all.json', '{"PASSERELLE_WORKERS": 3, "PASSERELLE_GATEWAY_PORT": "9000"}')
    const { config } = readConfig({ PASSERELLE_CONFIG: path, PASSERELLE_WORKERS: '5' })
    expect([config.workers, config.gatewayPort]).toEqual([5, 9000])
  })

  test.each(['{', '[]', 'null', '{"PASSERELLE_WORKERS": {}}'])(
    'a file of %s is told',
    (content) => {
      expect(problems({ PASSERELLE_CONFIG: file('bad.json', content) })).toEqual([
        'PASSERELLE_CONFIG',
      ])
      expect(problems({ PASSERELLE_CONFIG: '/nowhere.json' })).toEqual(['PASSERELLE_CONFIG'])
    },
  )

  test('a variable set to nothing is not set', () => {
    expect(
      readConfig({ PASSERELLE_WORKERS: '', PASSERELLE_GVL: '' }).config.gvlPath,
    ).toBeUndefined()
  })

  test('the public address of the edge door follows its port, and loses a slash at its end', () => {
    const edgeUrl = (env: Record<string, string>) => readConfig(env).config.edgeUrl
    expect(edgeUrl({ PASSERELLE_EDGE_PORT: '9090' })).toBe('http://localhost:9090')
    expect(edgeUrl({ PASSERELLE_EDGE_URL: 'https://sync.example/p/' })).toBe(
      'https://sync.example/p',
    )
    for (const bad of ['sync.example', 'ftp://x', 'https://u@x.example', 'https://x.example/?a'])
      expect(problems({ PASSERELLE_EDGE_URL: bad })).toEqual(['PASSERELLE_EDGE_URL'])
  })

  test('what is read is not called unknown, whether it is often set or never', () => {
    const env = { PASSERELLE_GRPC_PORT: '50051', PASSERELLE_NEAR_CACHE_ROWS: '1000' }
    expect(readConfig(env).warnings).toEqual([])
  })

  test('what is read by the command line and by the tests is no mistake', () => {
    const env = { PASSERELLE_URL: 'http://localhost:8081', PASSERELLE_CORPUS: '/srv/corpus' }
    expect(readConfig(env).warnings).toEqual([])
  })

  test('unknown names are one warning with the nearest known ones', () => {
    const env = { PASSERELLE_GATWAY_PORT: '1', PASSERELLE_WORKER_COUNT: '2' }
    expect(readConfig(env).warnings).toEqual([
      'unknown settings are ignored: ' +
        'PASSERELLE_GATWAY_PORT (did you mean PASSERELLE_GATEWAY_PORT?), ' +
        'PASSERELLE_WORKER_COUNT (did you mean PASSERELLE_WORKERS?)',
    ])
  })
})

test('an operator of UID2 is configured whole, or the settings that are missing are named', () => {
  const secret = Buffer.alloc(32, 1).toString('base64')
  const env = {
    PASSERELLE_UID2_URL: 'https://uid2.example/',
    PASSERELLE_UID2_API_KEY: 'key',
    PASSERELLE_UID2_SECRET: secret,
  }
  expect(readConfig(env).config.tokenOperators).toEqual([
    {
      ...{ source: 'uidapi.com', url: 'https://uid2.example', apiKey: 'key' },
      secret: Buffer.alloc(32, 1),
    },
  ])
  const { PASSERELLE_UID2_API_KEY: _, ...lacking } = env
  expect(() => readConfig(lacking)).toThrow(/PASSERELLE_UID2_API_KEY: is missing/)
  const short = { ...env, PASSERELLE_UID2_SECRET: 'c2hvcnQ=' }
  expect(() => readConfig(short)).toThrow(/PASSERELLE_UID2_SECRET: is no client secret/)
})
