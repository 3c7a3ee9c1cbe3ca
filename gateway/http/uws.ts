import type * as Uws from 'uWebSockets.js'
import { createRequire } from 'node:module'

/**
 * The door of uWebSockets.js. It is not on npm under its own name: two repackaged builds are carried
 * (docs/decisions/0007-doors.md), and the first whose native part loads serves.
 */
export interface NativeUws {
  readonly uws: typeof Uws & Undeclared
  /** e.g. `uWebSockets.js 20.30`. */
  readonly binding: string
}

/** What both builds have and the older one's declarations leave out. */
interface Undeclared {
  _cfg?: unknown
  LIBUS_LISTEN_EXCLUSIVE_PORT: number
}

/** An app with the two verbs that the declarations leave out or misstate. */
export interface UwsApp extends Omit<Uws.TemplatedApp, 'listen'> {
  listen(host: string, port: number, flags: number, then: ListenThen): unknown
  /** Closes the listen socket and every connection at once. */
  close(): void
}
type ListenThen = (socket: Uws.us_listen_socket | false) => void

export function newApp(native: NativeUws): UwsApp {
  return native.uws.App() as unknown as UwsApp
}

const BUILDS = ['uWebSockets.js-current', 'uWebSockets.js'] as const
const requireFrom = createRequire(import.meta.url)

/** Loads the native build; undefined where none loads on this machine. Never the JavaScript fallback. */
export function loadUws(): NativeUws | undefined {
  for (const build of BUILDS) {
    const uws = loadNative(build)
    if (uws) return { uws, binding: `uWebSockets.js ${versionOf(build)}` }
  }
  return undefined
}

/**
 * The older build falls back to JavaScript by itself, with a warning on the console, where its native
 * part does not load or the environment asks for it. So the native part is tried alone first.
 */
function loadNative(build: (typeof BUILDS)[number]): NativeUws['uws'] | undefined {
  process.env[HEAD_IN_PIECES] ??= String(HEAD_IN_PIECES_BYTES_MAX)
  try {
    if (build === 'uWebSockets.js') {
      if (process.env['UWS_USE_FALLBACK']) return undefined
      requireFrom(`${build}/binaries/uws_${nativeName()}.node`)
    }
    const uws = requireFrom(build) as NativeUws['uws']
    return typeof uws._cfg === 'function' ? uws : undefined
  } catch {
    return undefined
  }
}

/**
 * How long a head may be that comes in more than one packet: the newer build reads it as it is loaded, and
 * would close at 4 KiB, as the older one does whatever stands here. Above DOOR_LIMITS.headerBytesMax.
 */
const HEAD_IN_PIECES = 'UWS_HTTP_MAX_HEADERS_SIZE'
const HEAD_IN_PIECES_BYTES_MAX = 16 * 1024

function nativeName(): string {
  return `${process.platform}_${process.arch}_${process.versions.modules}`
}

/** The package.json of the newer build is not exported, so its version is read from where it lies. */
function versionOf(build: (typeof BUILDS)[number]): string {
  const main = requireFrom.resolve(build)
  const root = main.slice(0, main.lastIndexOf(build) + build.length)
  const { version } = requireFrom(`${root}/package.json`) as { version: string }
  return version.split('.').slice(0, 2).join('.')
}
