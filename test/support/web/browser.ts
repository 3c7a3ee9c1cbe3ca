import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

export interface ChromiumOptions {
  /** Where every host name leads to: see Web. */
  webPort: number
  /** Whether sites of other sites' pages may keep cookies that are not partitioned. */
  thirdPartyCookies: 'allowed' | 'blocked'
}

export interface Chromium {
  context: BrowserContext
  /** Ends it and removes its profile. */
  close(): Promise<void>
}

/** How profiles spell it: `profile.cookie_controls_mode`. */
const COOKIE_CONTROLS = { allowed: 0, blocked: 1 } as const

/** Starts Debian's Chromium, headless, with a profile of its own. */
export async function startChromium({
  webPort,
  thirdPartyCookies,
}: ChromiumOptions): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'passerelle-chromium-'))
  mkdirSync(join(profile, 'Default'))
  const preferences = { profile: { cookie_controls_mode: COOKIE_CONTROLS[thirdPartyCookies] } }
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: onPath('chromium'),
    ignoreHTTPSErrors: true,
    timeout: 120_000,
    args: [
      // The tests run as root where they run in a container.
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--ignore-certificate-errors',
      `--host-resolver-rules=MAP * 127.0.0.1:${webPort}`,
    ],
  })
  context.setDefaultTimeout(120_000)
  return {
    context,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function onPath(name: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new Error(
    `${name} not found: apt-get install ${name}, or PASSERELLE_TEST_INSTALL=1 as root`,
  )
}
