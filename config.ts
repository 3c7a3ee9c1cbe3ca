import { createHash } from 'node:crypto'
import { accessSync, constants, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isRegion } from './audience/countries.ts'
import { LIMITS } from './audience/limits.ts'
import { parseStoreAddress } from './audience/store/open-store.ts'
import { readVaultKeys, type VaultKeys } from './audience/vault/vault-keys.ts'
import { type TlsFiles, tlsFault } from './gateway/grpc/tls-files.ts'

/** Every setting, typed and checked; the README has the table. */
export interface Config {
  /** `embedded:<dir>` or `redis://host:port/db`. */
  store: string
  dataDir: string
  /** Root of all keys, 32 bytes; undefined: the store makes and keeps one. */
  secret: Buffer | undefined
  /** Where the bid and edge doors listen; undefined: 127.0.0.1 while the demo world is seeded, else 0.0.0.0. */
  host: string | undefined
  consoleHost: string
  gatewayPort: number
  edgePort: number
  /** Where browsers and partners reach the edge door; without a slash at its end. */
  edgeUrl: string
  /** Our own domain, as ids that are added to bid requests name it. */
  domain: string
  consolePort: number
  /** IAB ARTF over gRPC. */
  grpcPort: number
  /** PEM files for the gRPC door; undefined: HTTP/2 in the clear. */
  tls: TlsFiles | undefined
  /** ARTF gives segments with their provider to those who ask for it: an intent that is proposed, and no standard yet. */
  artfDataSegments: boolean
  /** Undefined: generated once into `dataDir`. */
  adminToken: string | undefined
  /** Where the keys of UID2 and EUID tokens are fetched; none: an operator gives them. */
  tokenOperators: TokenOperatorConfig[]
  /** Bearer token the operators of UID2 and EUID send opt-outs with. */
  uid2OptOutToken: string | undefined
  /** Undefined: on with an empty embedded store, else as it was. */
  demo: 'on' | 'off' | undefined
  /** Gateway processes. */
  workers: number
  /** People each gateway process keeps in memory (about 240 bytes each); undefined: LIMITS.nearCacheMax. */
  nearCacheRows: number | undefined
  /** File of the Global Vendor List. */
  gvlPath: string | undefined
  gvlId: number | undefined
  /** Of the vault its keys (undefined: nothing is kept in one), and where this instance keeps data: a country, EU or EEA. */
  vault: { keys: VaultKeys | undefined; region: string | undefined }
}

/** An operator of UID2 or EUID, and how we show who we are. */
export interface TokenOperatorConfig {
  /** The eid source its tokens are of. */
  source: string
  /** Without a slash at its end. */
  url: string
  apiKey: string
  /** 32 bytes. */
  secret: Buffer
}

export interface ConfigProblem {
  variable: string
  problem: string
  expected: string
}

/** Everything that is wrong with the settings, found before anything started. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      (one) => `  ${one.variable}: ${one.problem}; expected ${one.expected}`,
    )
    super(`The configuration cannot be used:\n${lines.join('\n')}`)
    this.problems = problems
  }
}

type Values = Record<string, string | undefined>

/**
 * Reads the settings from the environment, and from the JSON file that PASSERELLE_CONFIG names (same
 * names; the environment wins). Throws ConfigError with all problems at once; never repeats a secret.
 */
export function readConfig(env: Values): { config: Config; warnings: string[] } {
  const problems: ConfigProblem[] = []
  const values = { ...readConfigFile(env['PASSERELLE_CONFIG'], problems), ...nonEmpty(env) }
  const reader = new Reader(values, problems)
  const config = reader.read()
  if (problems.length) throw new ConfigError(problems)
  return { config, warnings: unknownNames(values, [...reader.names, 'PASSERELLE_CONFIG']) }
}

class Reader {
  /** What was asked for: all settings there are. */
  readonly names = new Set<string>()
  private readonly values: Values
  private readonly problems: ConfigProblem[]

  constructor(values: Values, problems: ConfigProblem[]) {
    this.values = values
    this.problems = problems
  }

  read(): Config {
    const store = this.store()
    const edgePort = this.port('EDGE_PORT', 8082)
    const edgeUrl = this.edgeUrl(edgePort)
    const config: Config = {
      store,
      dataDir: this.text('DATA') ?? (store.startsWith('embedded:') ? store.slice(9) : './data'),
      secret: this.secret(),
      host: this.host('HOST'),
      consoleHost: this.host('CONSOLE_HOST') ?? '127.0.0.1',
      gatewayPort: this.port('GATEWAY_PORT', 8080),
      edgePort,
      edgeUrl,
      domain: this.domain() ?? hostOf(edgeUrl),
      consolePort: this.port('CONSOLE_PORT', 8081),
      grpcPort: this.port('GRPC_PORT', 50_051),
      tls: this.tls(),
      artfDataSegments: this.onOff('ARTF_DATA_SEGMENTS') === 'on',
      adminToken: this.token('ADMIN_TOKEN'),
      tokenOperators: [
        ...this.tokenOperator('UID2', 'uidapi.com'),
        ...this.tokenOperator('EUID', 'euid.eu'),
      ],
      uid2OptOutToken: this.token('UID2_OPTOUT_TOKEN'),
      demo: this.onOff('DEMO'),
      workers: this.integer('WORKERS', [1, WORKERS_MAX]) ?? availableParallelism(),
      nearCacheRows: this.integer('NEAR_CACHE_ROWS', [1, LIMITS.nearCacheMaxMax]),
      gvlPath: this.readableFile('GVL'),
      gvlId: this.integer('GVL_ID', [1, 65_535]),
      vault: { keys: this.vaultKeys(), region: this.region() },
    }
    this.portsDiffer(config)
    return config
  }

  private text(name: string): string | undefined {
    const variable = `PASSERELLE_${name}`
    this.names.add(variable)
    return this.values[variable]
  }

  private wrong(name: string, problem: string, expected: string): undefined {
    this.problems.push({ variable: `PASSERELLE_${name}`, problem, expected })
  }

  private store(): string {
    const text = this.text('STORE') ?? 'embedded:./data'
    try {
      parseStoreAddress(text)
    } catch (error) {
      const sentence = (error as Error).message.replace('PASSERELLE_STORE: ', '')
      this.wrong('STORE', sentence, 'embedded:<dir> or redis://host:port/db')
    }
    return text
  }

  private secret(): Buffer | undefined {
    const given = this.text('SECRET')
    const path = this.readableFile('SECRET_FILE')
    if (given !== undefined && this.text('SECRET_FILE') !== undefined)
      this.wrong('SECRET', 'is set beside PASSERELLE_SECRET_FILE', 'one of the two')
    const text = given ?? (path === undefined ? undefined : readFileSync(path, 'utf8').trim())
    if (text === undefined) return undefined
    const from = given === undefined ? 'SECRET_FILE' : 'SECRET'
    if (text.length < SECRET_CHARS_MIN)
      return this.wrong(from, 'is too short', `at least ${SECRET_CHARS_MIN} random characters`)
    return createHash('sha256').update(text).digest()
  }

  private token(name: string): string | undefined {
    const text = this.text(name)
    if (text === undefined || /^[!-~]{16,512}$/.test(text)) return text
    return this.wrong(name, 'cannot be a token', '16 to 512 visible ASCII characters')
  }

  private onOff(name: string): 'on' | 'off' | undefined {
    const text = this.text(name)
    if (text === undefined || text === 'on' || text === 'off') return text
    return this.wrong(name, `is ${quoted(text)}`, 'on or off')
  }

  private host(name: string): string | undefined {
    const text = this.text(name)
    if (text === undefined || /^[0-9A-Za-z.:_-]{1,253}$/.test(text)) return text
    return this.wrong(name, `is ${quoted(text)}`, 'an address or host name, such as 0.0.0.0')
  }

  private edgeUrl(port: number): string {
    const text = this.text('EDGE_URL') ?? `http://localhost:${port}`
    if (/^https?:\/\/[0-9A-Za-z.:[\]_-]+(\/[0-9A-Za-z._~/-]*)?$/.test(text) && URL.canParse(text))
      return text.replace(/\/+$/, '')
    this.wrong('EDGE_URL', `is ${quoted(text)}`, 'an address such as https://sync.example.com')
    return ''
  }

  /** All three settings, or none. */
  private tokenOperator(name: string, source: string): TokenOperatorConfig[] {
    const parts = ['URL', 'API_KEY', 'SECRET'].map((part) => `${name}_${part}`)
    const [url, apiKey, secret] = parts.map((part) => this.text(part))
    if (url === undefined && apiKey === undefined && secret === undefined) return []
    for (const part of parts)
      if (this.text(part) === undefined)
        this.wrong(
          part,
          'is missing',
          `${parts.map((one) => `PASSERELLE_${one}`).join(', ')} together`,
        )
    if (url === undefined || apiKey === undefined || secret === undefined) return []
    if (!/^https?:\/\/\S+$/.test(url) || !URL.canParse(url))
      this.wrong(`${name}_URL`, `is ${quoted(url)}`, 'an address such as https://prod.uidapi.com')
    const bytes = Buffer.from(secret, 'base64')
    if (bytes.length !== 32)
      this.wrong(`${name}_SECRET`, 'is no client secret', '32 bytes in base64')
    return [{ source, url: url.replace(/\/+$/, ''), apiKey, secret: bytes }]
  }

  private vaultKeys(): VaultKeys | undefined {
    const path = this.readableFile('VAULT_KEYS')
    if (path === undefined) return undefined
    try {
      return readVaultKeys(path)
    } catch (error) {
      const expected = 'JSON: {"current":"<id>","keys":{"<id>":"<32 bytes, base64>"}}'
      return this.wrong('VAULT_KEYS', `${quoted(path)} ${(error as Error).message}`, expected)
    }
  }

  private region(): string | undefined {
    const text = this.text('REGION')
    if (text === undefined || isRegion(text)) return text?.toUpperCase()
    return this.wrong('REGION', `is ${quoted(text)}`, 'a country such as FRA, or EU or EEA')
  }

  private domain(): string | undefined {
    const text = this.text('DOMAIN')
    if (text === undefined || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) return text
    return this.wrong('DOMAIN', `is ${quoted(text)}`, 'a domain in lower case, such as example.com')
  }

  private port(name: string, byDefault: number): number {
    return this.integer(name, [1, 65_535]) ?? byDefault
  }

  private integer(name: string, [min, max]: [number, number]): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (number >= min && number <= max) return number
    return this.wrong(name, `is ${quoted(text)}`, `a whole number from ${min} to ${max}`)
  }

  private readableFile(name: string): string | undefined {
    const path = this.text(name)
    if (path === undefined) return undefined
    try {
      accessSync(path, constants.R_OK)
      return path
    } catch {
      return this.wrong(name, `${quoted(path)} cannot be read`, 'the path of a readable file')
    }
  }

  private tls(): Config['tls'] {
    const [certPath, keyPath] = [this.readableFile('TLS_CERT'), this.readableFile('TLS_KEY')]
    if (certPath !== undefined && keyPath !== undefined) {
      const fault = tlsFault({ certPath, keyPath })
      return fault === undefined ? { certPath, keyPath } : this.wrong(...fault)
    }
    const [missing] = ['TLS_CERT', 'TLS_KEY'].filter((name) => this.text(name) === undefined)
    if (certPath !== undefined || keyPath !== undefined)
      if (missing) this.wrong(missing, 'is missing', 'PASSERELLE_TLS_CERT and _KEY together')
    return undefined
  }

  private portsDiffer({ gatewayPort, edgePort, consolePort, grpcPort }: Config): void {
    const expected = 'a port of its own for each door'
    if (edgePort === gatewayPort)
      this.wrong('EDGE_PORT', `is ${edgePort}, like PASSERELLE_GATEWAY_PORT`, expected)
    if (consolePort === gatewayPort || consolePort === edgePort)
      this.wrong('CONSOLE_PORT', `is ${consolePort}, like another door's`, expected)
    if ([gatewayPort, edgePort, consolePort].includes(grpcPort))
      this.wrong('GRPC_PORT', `is ${grpcPort}, like another door's`, expected)
  }
}

/** '' where the address was refused. */
function hostOf(url: string): string {
  return url === '' ? '' : new URL(url).hostname
}

const SECRET_CHARS_MIN = 32
const WORKERS_MAX = 256

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}

/** A variable that is set to nothing is not set. */
function nonEmpty(env: Values): Values {
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name.startsWith('PASSERELLE_') && value),
  )
}

function readConfigFile(path: string | undefined, problems: ConfigProblem[]): Values {
  if (!path) return {}
  const wrong = (problem: string): Values => {
    const expected = 'a JSON object of settings by name, such as {"PASSERELLE_WORKERS": 2}'
    problems.push({ variable: 'PASSERELLE_CONFIG', problem, expected })
    return {}
  }
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return wrong(`${quoted(path)} cannot be read as JSON`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return wrong(`${quoted(path)} does not hold an object`)
  const entries = Object.entries(content)
  const odd = entries.filter(([, value]) => typeof value === 'object')
  if (odd.length) return wrong(`${odd.map(([name]) => name).join(', ')} is not a plain value`)
  return nonEmpty(Object.fromEntries(entries.map(([name, value]) => [name, String(value)])))
}

/** Read by the command line, the tests and between processes: no settings, and no mistakes. */
const OTHERS = ['WORKER', 'INSTANCE', 'CORPUS', 'TEST_INSTALL', 'URL'].map(
  (name) => `PASSERELLE_${name}`,
)

function unknownNames(values: Values, settings: readonly string[]): string[] {
  const known = new Set([...settings, ...OTHERS])
  const unknown = Object.keys(values).filter((name) => !known.has(name))
  if (!unknown.length) return []
  const hints = unknown.map((name) => `${name} (did you mean ${nearest(name, settings)}?)`)
  return [`unknown settings are ignored: ${hints.join(', ')}`]
}

function nearest(name: string, settings: readonly string[]): string {
  const ranked = settings.map((known) => ({ known, steps: editDistance(name, known) }))
  return ranked.sort((a, b) => a.steps - b.steps)[0]!.known
}

/** Letters to insert, drop or change to turn one word into the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** Where a process keeps what it was told to give, until the desk has noted it. */
export function egressDir({ dataDir }: Config): string {
  return join(dataDir, 'egress')
}

/** Where ledgers of usage lie. */
export function ledgerDir({ dataDir }: Config): string {
  return join(dataDir, 'ledger')
}
